"""Stand-ins for systemd and logind on a bus of their own: dbus_services.py ADDRESS.

Needs python3-dbus and python3-gi. Prints "ready" when both names are owned.
"""
import sys

import dbus
import dbus.bus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

SYSTEMD, LOGIN = "org.freedesktop.systemd1", "org.freedesktop.login1"
PROPERTIES = "org.freedesktop.DBus.Properties"

# name, load state, active state, properties by the interface's last word
UNITS = [
    ("web.service", "loaded", "active", {
        "Service": {"Type": "notify", "NRestarts": dbus.UInt32(3), "TasksCurrent": dbus.UInt64(7), "TasksMax": dbus.UInt64(4915)},
        "Unit": {"ActiveEnterTimestamp": dbus.UInt64(1700000000250000)}}),
    ("nothing-max@1.service", "loaded", "activating", {
        "Service": {"Type": "simple", "NRestarts": dbus.UInt32(0), "TasksCurrent": dbus.UInt64(0xFFFFFFFFFFFFFFFF),
                    "TasksMax": dbus.UInt64(0xFFFFFFFFFFFFFFFF)},
        "Unit": {"ActiveEnterTimestamp": dbus.UInt64(0)}}),
    ("broken.service", "loaded", "failed", {
        "Service": {"Type": "oneshot", "NRestarts": dbus.UInt32(5), "TasksCurrent": dbus.UInt64(0), "TasksMax": dbus.UInt64(10)},
        "Unit": {"ActiveEnterTimestamp": dbus.UInt64(1600000000000000)}}),
    ("gone.service", "not-found", "inactive", {}),
    ("daily.timer", "loaded", "active", {"Timer": {"LastTriggerUSec": dbus.UInt64(1700000001000000)},
                                         "Unit": {"ActiveEnterTimestamp": dbus.UInt64(1700000000000000)}}),
    ("web.socket", "loaded", "active", {
        "Socket": {"NAccepted": dbus.UInt32(11), "NConnections": dbus.UInt32(2), "NRefused": dbus.UInt32(1)},
        "Unit": {"ActiveEnterTimestamp": dbus.UInt64(1700000000000000)}}),
    ("tmp.mount", "loaded", "active", {"Unit": {"ActiveEnterTimestamp": dbus.UInt64(1)}}),
    ("multi-user.target", "loaded", "deactivating", {"Unit": {"ActiveEnterTimestamp": dbus.UInt64(1700000000000000)}}),
]
SESSIONS = [  # id, user id, user, seat, properties
    ("1", 1000, "ada", "seat0", {"Remote": False, "Type": "wayland", "Class": "user"}),
    ("2", 0, "root", "", {"Remote": True, "Type": "tty", "Class": "user"}),
    ("3", 0, "root", "", {"Remote": True, "Type": "tty", "Class": "user"}),
    ("4", 107, "gdm", "seat0", {"Remote": False, "Type": "x11", "Class": "greeter"}),
    ("5", 108, "bot", "", {"Remote": False, "Type": "hologram", "Class": "manager"}),
]


def escaped(name):
    """As systemd writes names into paths."""
    return "".join(c if c.isalnum() and (i or not c.isdigit()) else f"_{ord(c):02x}" for i, c in enumerate(name))


class Properties(dbus.service.Object):
    """An object with nothing but properties: {interface: {name: value}}."""

    def __init__(self, bus, path, properties):
        super().__init__(bus, path)
        self.properties = properties

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        try:
            return self.properties[interface][name]
        except KeyError:
            raise dbus.exceptions.DBusException(f"Unknown property {name}", name="org.freedesktop.DBus.Error.UnknownProperty") from None


class Systemd(Properties):
    @dbus.service.method(f"{SYSTEMD}.Manager", out_signature="a(ssssssouso)")
    def ListUnits(self):
        return [(name, f"The unit {name}", load, active, "sub", "", unit_path(name), dbus.UInt32(0), "", "/")
                for name, load, active, _ in UNITS]


class Login(Properties):
    @dbus.service.method(f"{LOGIN}.Manager", out_signature="a(so)")
    def ListSeats(self):
        return [("seat0", "/org/freedesktop/login1/seat/seat0")]

    @dbus.service.method(f"{LOGIN}.Manager", out_signature="a(susso)")
    def ListSessions(self):
        return [(number, dbus.UInt32(user), name, seat, session_path(number)) for number, user, name, seat, _ in SESSIONS]


def unit_path(name):
    return f"/org/freedesktop/systemd1/unit/{escaped(name)}"


def session_path(number):
    return f"/org/freedesktop/login1/session/_3{number}"


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.bus.BusConnection(sys.argv[1])
    names = [dbus.service.BusName(name, bus) for name in (SYSTEMD, LOGIN)]
    manager = {"Version": "252.38-1~deb12u1", "Virtualization": "kvm", "SystemState": "running"}
    objects = [Systemd(bus, "/org/freedesktop/systemd1", {f"{SYSTEMD}.Manager": manager}), Login(bus, "/org/freedesktop/login1", {})]
    for name, _, _, properties in UNITS:
        objects.append(Properties(bus, unit_path(name), {f"{SYSTEMD}.{kind}": values for kind, values in properties.items()}))
    for number, _, _, _, properties in SESSIONS:
        objects.append(Properties(bus, session_path(number), {f"{LOGIN}.Session": properties}))
    print("ready", len(names), len(objects), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
