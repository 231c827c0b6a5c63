"""The files of deploy/examples, as a user would take them."""
import os

from support import ROOT


def test_the_example_of_routing_tells_each_alert_to_whom_it_says(work):
    ctl, path = work.own("tocsinctl"), os.path.join(ROOT, "deploy/examples/alertmanager.yml")
    assert "SUCCESS" in work.run(ctl, "check", "alertmanager", path)
    for labels, receivers in ((["severity=critical"], "pagerduty,email-backup,slack-critical"),
                              (["severity=critical", "category=business"], "pagerduty,sms-business,email-backup,slack-critical"),
                              (["severity=high"], "email-backup,slack-incidents"), (["severity=info"], "slack-operations"),
                              (["event=order"], "slack-orders"), (["category=status"], "slack-status"),
                              (["category=post-mortem"], "slack-post-mortems"), (["alertname=X"], "slack-operations")):
        work.run(ctl, "routes", "test", f"--config.file={path}", f"--verify.receivers={receivers}", *labels)


def test_the_example_of_the_agent_is_one_that_it_takes(work):
    """Where its passwords are is for each host to say: the servers are not asked, and their files may come later."""
    said = work.run(work.own("tocsinctl"), "check", "agent", os.path.join(ROOT, "deploy/examples/agent.yml"))
    assert "SUCCESS: node" in said and "redis (1 target)" in said, said
