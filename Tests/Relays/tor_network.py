#!/usr/bin/env python3
"""A private Tor network on loopback, with an onion service in front of each given port of this machine: one directory
authority, relays, and a client that also holds the services. Everything is in a temporary folder and on free ports.

    tor_network.py [--seconds N] PORT...

Prints one line of JSON when every service can be reached: {"ready": SOCKS URL, "onions": [host, ...], "seconds": it
took}. Ends on SIGTERM or SIGINT, and when its standard input ends, so it never outlives the test that started it, and
leaves nothing. Each line read there is answered by the SOCKS user names of the client's circuits: {"users": [name]}.
Without success in time it says why on standard error, with what the processes logged, and ends with status 1.
"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

RELAYS = 4

# The testing network's own defaults are for many machines; these make a consensus every ten seconds.
EVERYBODY = """\
TestingTorNetwork 1
Nickname {name}
DataDirectory {folder}
Log notice file {folder}/log
Address 127.0.0.1
ORPort {or_port}
SocksPort {socks_port}
DirAuthority authority orport={authority_port} no-v2 v3ident={identity} 127.0.0.1:{directory_port} {fingerprint}
AssumeReachable 1
PathsNeededToBuildCircuits 0.25
ExitPolicy accept *:*
ExitPolicyRejectPrivate 0
"""
AUTHORITY = """\
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo none
DirPort 127.0.0.1:{directory_port}
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
"""


class Failure(Exception):
    """What could not be done."""


def free_ports(count):
    """Ports of loopback below those that the system gives to clients, so that none of them takes one meanwhile."""
    probes = []
    while len(probes) < count:
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", random.randrange(15_000, 24_000)))
            probes.append(probe)
        except OSError:
            probe.close()
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def socks_connect(port, host, user, timeout):
    """True if the proxy reached port 80 of the host, asked by name (RFC 1928, RFC 1929)."""
    name, user = host.encode(), user.encode()
    login = b"\x01" + bytes([len(user)]) + user + b"\x01x"
    request = b"\x05\x01\x00\x03" + bytes([len(name)]) + name + (80).to_bytes(2, "big")
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as proxy:
            proxy.sendall(b"\x05\x01\x02")
            if proxy.recv(2) != b"\x05\x02":
                return False
            proxy.sendall(login)
            if proxy.recv(2) != b"\x01\x00":
                return False
            proxy.sendall(request)
            return proxy.recv(2) == b"\x05\x00"
    except OSError:
        return False


class Network:
    def __init__(self, ports, seconds):
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.folder = tempfile.mkdtemp(prefix="bigbrotr-tor-")
        self.processes = {}
        self.targets = ports
        names = ["or_port", "directory_port", "socks_port"]
        self.authority_port, self.directory_port, self.socks_port = free_ports(len(names))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def seconds(self):
        return round(time.monotonic() - self.started, 1)

    def wait_until(self, what, holds, pause=0.2):
        while not holds():
            if time.monotonic() > self.deadline:
                raise Failure(f"{what}: not in time")
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise Failure(f"{what}: {name} ended with status {process.returncode}")
            time.sleep(pause)
        print(f"{what}: {self.seconds()} s", file=sys.stderr)

    def make_authority(self):
        """Keys and certificate of the authority, and by what the others know it."""
        keys = self.path("authority", "keys")
        os.makedirs(keys, mode=0o700)
        open(self.path("empty"), "w", encoding="ascii").close()
        self.run("tor-gencert", "--create-identity-key", "-m", "12", "-a", f"127.0.0.1:{self.directory_port}",
                 "--passphrase-fd", "0", "-i", f"{keys}/authority_identity_key", "-s", f"{keys}/authority_signing_key",
                 "-c", f"{keys}/authority_certificate")
        # The authority of this line is nobody; without one it would be asked for.
        self.run("tor", "-f", self.path("empty"), "--defaults-torrc", self.path("empty"), "--list-fingerprint",
                 "--DataDirectory", self.path("authority"), "--ORPort", str(self.authority_port),
                 "--Nickname", "authority", "--DirAuthority", "nobody 127.0.0.1:1 " + 40 * "0")
        with open(f"{keys}/authority_certificate", encoding="ascii") as file:
            self.identity = re.search(r"^fingerprint ([0-9A-F]{40})$", file.read(), re.MULTILINE).group(1)
        with open(self.path("authority", "fingerprint"), encoding="ascii") as file:
            self.fingerprint = file.read().split()[1]

    def run(self, *command):
        done = subprocess.run(command, input=b"x\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=max(self.deadline - time.monotonic(), 1))
        if done.returncode != 0:
            raise Failure(f"{command[0]}: status {done.returncode}: {done.stdout.decode(errors='replace')}")

    def start(self, name, or_port=None, socks_port=0, more=""):
        os.makedirs(self.path(name), mode=0o700, exist_ok=True)
        settings = EVERYBODY.format(
            name=name, folder=self.path(name), socks_port=socks_port, identity=self.identity,
            or_port=f"127.0.0.1:{or_port}" if or_port else 0,
            authority_port=self.authority_port, directory_port=self.directory_port, fingerprint=self.fingerprint)
        with open(self.path(name, "torrc"), "w", encoding="ascii") as file:
            file.write(settings + more)
        # A process whose owner is gone ends by itself.
        self.processes[name] = subprocess.Popen(
            ["tor", "-f", self.path(name, "torrc"), "--defaults-torrc", self.path("empty"), "--quiet",
             "--__OwningControllerProcess", str(os.getpid())], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def is_agreed(self):
        """Whether the consensus knows everybody as a directory of onion services."""
        url = f"http://127.0.0.1:{self.directory_port}/tor/status-vote/current/consensus"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                text = answer.read().decode("ascii", errors="replace")
        except OSError:
            return False
        return len(re.findall(r"^s .*\bHSDir\b.*\bRunning\b", text, re.MULTILINE)) == RELAYS + 1

    def up(self):
        self.make_authority()
        self.start("authority", self.authority_port, more=AUTHORITY.format(directory_port=self.directory_port))
        for number, port in enumerate(free_ports(RELAYS)):
            self.start(f"relay{number}", port)
        # A client that begins with a consensus of too few waits long for a better one.
        self.wait_until("consensus", self.is_agreed)
        services = ""
        for number, target in enumerate(self.targets):
            services += f"HiddenServiceDir {self.path('client', f'service{number}')}\n"
            services += f"HiddenServicePort 80 127.0.0.1:{target}\n"
        services += f"ControlPort unix:{self.path('client', 'control')}\n"
        self.start("client", socks_port=self.socks_port, more=services)
        self.wait_until("names", lambda: all(self.onions()) and os.path.exists(self.path("client", "control")))
        self.wait_until_announced()
        for number, onion in enumerate(self.onions()):
            # Each try is a stranger to the proxy, which else would wait for the one before.
            tries = iter(range(1_000_000))
            self.wait_until(f"service {number}", lambda: socks_connect(
                self.socks_port, onion, f"try-{number}-{next(tries)}", 5))

    def onions(self):
        names = []
        for number in range(len(self.targets)):
            try:
                with open(self.path("client", f"service{number}", "hostname"), encoding="ascii") as file:
                    names.append(file.read().strip())
            except OSError:
                names.append("")
        return names

    def wait_until_announced(self):
        """Until each service is in a directory. Who asks before is told for twenty seconds that there is none."""
        missing = {onion.removesuffix(".onion") for onion in self.onions()}
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.path("client", "control"))
            control.sendall(b"AUTHENTICATE\r\nSETEVENTS HS_DESC\r\n")
            control.settimeout(max(self.deadline - time.monotonic(), 1))
            with control.makefile(encoding="ascii", errors="replace") as lines:
                while missing and (line := lines.readline()):
                    words = line.split()
                    if words[:3] == ["650", "HS_DESC", "UPLOADED"]:
                        missing.discard(words[3])
        print(f"announced: {self.seconds()} s", file=sys.stderr)

    def users(self):
        """SOCKS user names of the client's circuits, each once, in order."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(60)
            control.connect(self.path("client", "control"))
            control.sendall(b"AUTHENTICATE\r\nGETINFO circuit-status\r\nQUIT\r\n")
            text = b""
            while piece := control.recv(65536):
                text += piece
        return sorted(set(re.findall(r'SOCKS_USERNAME="([^"]*)"', text.decode(errors="replace"))))

    def logs(self):
        for name in self.processes:
            try:
                with open(self.path(name, "log"), encoding="utf-8", errors="replace") as file:
                    yield from (f"{name}: {line}" for line in file.read().splitlines()[-20:])
            except OSError:
                continue

    def down(self):
        for process in self.processes.values():
            # As a relay it would wait for half a minute on SIGINT.
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def serve(network):
    print(json.dumps({"ready": f"socks5h://127.0.0.1:{network.socks_port}", "onions": network.onions(),
                      "seconds": network.seconds()}), flush=True)
    while sys.stdin.readline():
        print(json.dumps({"users": network.users()}), flush=True)


def main():
    # Debian keeps it where users do not look.
    os.environ["PATH"] += ":/usr/sbin"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=120, help="until every service must be reachable")
    parser.add_argument("ports", type=int, nargs="+", metavar="PORT", help="where a relay serves on loopback")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    network = Network(options.ports, options.seconds)
    try:
        network.up()
        serve(network)
    except FileNotFoundError as failure:
        print(f"{failure.filename} is not installed; run deploy/local/prerequisites", file=sys.stderr)
        return 1
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        print(f"no Tor network: {failure}", *network.logs(), sep="\n", file=sys.stderr)
        return 1
    finally:
        network.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
