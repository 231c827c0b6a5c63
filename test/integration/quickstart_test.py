"""deploy/quickstart as a new user runs it, on other ports and in a folder of its own."""
import os
import re
import subprocess

from support import ROOT, Skip, free_port, http, wait_until


def quickstart(work, *words, status=0):
    command = [f"{ROOT}/deploy/quickstart", "--data", work.path("data"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, stdin=subprocess.DEVNULL)
    text = done.stdout + done.stderr
    assert done.returncode == status, f"{words}: status {done.returncode}\n{text[-3000:]}"
    return text


def test_it_starts_pages_and_stops(work):
    if not os.path.samefile(work.bin, f"{ROOT}/build/release/bin"):
        raise Skip("the programs under test are not those of build/release")
    agent, ruler, pager = (f"127.0.0.1:{free_port()}" for _ in range(3))
    words = ["--no-install", "--agent-address", agent, "--ruler-address", ruler, "--pager-address", pager]
    try:
        text = quickstart(work, *words)
        assert re.search(r"targets up +2/2", text), text
        assert int(re.search(r"rules loaded +(\d+)", text).group(1)) > 25, text
        assert f"http://{ruler}/" in text and work.path("data") in text and "--stop" in text, text
        fire = re.search(r"Fire a test alert: +(.*)", text).group(1)
        subprocess.run(fire, shell=True, check=True, capture_output=True, timeout=30)
        pages = work.path("data/pages.log")
        wait_until(lambda: "firing TocsinTest" in open(pages, encoding="utf-8").read(), "the test alert is in pages.log")
        assert "runs already" in quickstart(work, *words)
        assert "runs, pid" in quickstart(work, "--status", "--agent-address", agent, "--ruler-address", ruler)
        assert "Tocsin" in http(f"http://{ruler}/")[1]
    finally:
        text = quickstart(work, "--stop")
    assert "stopped ruler" in text and "stopped agent" in text, text
    assert "does not run" in quickstart(work, "--status", status=3)


def test_a_port_in_use_is_a_clear_error(work):
    if not os.path.samefile(work.bin, f"{ROOT}/build/release/bin"):
        raise Skip("the programs under test are not those of build/release")
    sink = work.sink()
    busy = f"127.0.0.1:{sink.port}"
    try:
        text = quickstart(work, "--no-install", "--pager-address", f"127.0.0.1:{free_port()}", "--agent-address", busy,
                          "--ruler-address", f"127.0.0.1:{free_port()}", status=1)
        assert f"{busy} is in use" in text, text
    finally:
        quickstart(work, "--stop")
    assert "unknown option" in quickstart(work, "--nonsense", status=2)
    assert "cannot write" in quickstart(work, "--no-install", "--data", "/proc/nowhere", status=1)
