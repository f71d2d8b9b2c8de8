# shellcheck shell=bash
# What the scripts of this folder share: where things live, as whom they run, how they wait. Sourced, never run.
set -euo pipefail
umask 022

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# The bare logins of the fleet, as in DB_USER=bigbrotr_<name>.
# shellcheck disable=SC2034
services=(finder monitor synchronizer priority_synchronizer api dvm)

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
# die STATUS TEXT...
die() { local status=$1; shift; warn "error: $*"; exit "$status"; }

# PostgreSQL refuses to run as root, and so should everything else that faces the network: root works through a system
# user of its own, anybody else as himself.
service_user=$(id -un)
is_root=no
if [ "$(id -u)" = 0 ]; then is_root=yes service_user=${BIGBROTR_USER:-bigbrotr}; fi

ensure_service_user() {
    if [ "$is_root" = no ] || getent passwd "$service_user" >/dev/null; then return 0; fi
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$service_user"
}

# Becomes the service user by replacing this process: no parent stays behind that would treat signals its own way.
drop_to_service_user=(setpriv --reuid "$service_user" --regid "$service_user" --init-groups --inh-caps=-all --)

# Runs a command as the service user with this environment (so secrets travel in variables, never in arguments).
as_service() {
    if [ "$is_root" = yes ]; then "${drop_to_service_user[@]}" "$@"; else "$@"; fi
}

# The folder below which every run keeps its state. Server processes must be able to search all its parents, so a clone
# under /root, say, has it elsewhere.
state_base() {
    if [ -n "${BIGBROTR_STATE_DIR:-}" ]; then realpath -m "$BIGBROTR_STATE_DIR"
    elif as_service test -x "$repository"; then say "$repository/.local"
    else say "/var/tmp/bigbrotr-$(printf %s "$repository" | sha256sum | cut -c1-8)"
    fi
}

# make_folder MODE PATH [OWNER]: a folder of this user (or OWNER); one that somebody else made is refused, not trusted.
make_folder() {
    local mode=$1 path=$2 owner=${3:-$(id -un)} found
    if [ ! -e "$path" ] && [ ! -L "$path" ]; then
        mkdir -p "$(dirname "$path")"
        mkdir "$path"
        if [ "$owner" != "$(id -un)" ]; then chown "$owner:" "$path"; fi
    fi
    if [ -L "$path" ] || [ ! -d "$path" ]; then die 73 "$path is not a folder"; fi
    found=$(stat -c %U "$path")
    [ "$found" = "$owner" ] || die 73 "$path belongs to $found, not to $owner"
    chmod "$mode" "$path"
}

# continue_as_service_user FOLDER COMMAND ARGUMENTS...: when root, makes FOLDER for the service user and runs the
# command,
# a script of this folder, as that user instead of this process. Root itself never writes into folders of that user.
continue_as_service_user() {
    [ "$is_root" = yes ] || return 0
    local folder=$1 script=$2 base scripts=$repository/deploy/local; shift 2
    base=$(state_base)
    ensure_service_user
    make_folder 755 "$base"
    make_folder 755 "$folder" "$service_user"
    as_service test -x "$folder" || die 73 "$folder or a folder above it cannot be searched by the user $service_user"
    if ! as_service test -r "$scripts/$script"; then
        # The clone is closed to that user: a copy of the scripts, in the same place of a tree that belongs to root.
        make_folder 755 "$base/tools"
        mkdir -p "$base/tools/deploy/local"
        cp "$repository"/deploy/local/* "$base/tools/deploy/local/"
        scripts=$base/tools/deploy/local
    fi
    export BIGBROTR_STATE_DIR=$base HOME=$folder
    cd "$folder"
    exec "${drop_to_service_user[@]}" "$scripts/$script" "$@"
}

# write_file MODE PATH: standard input becomes the file, in one step.
write_file() {
    local mode=$1 path=$2
    install -m "$mode" /dev/stdin "$path.new"
    mv -f "$path.new" "$path"
}

# secret FOLDER NAME: prints the secret, made on first use: 192 random bits, in a file only its user can read.
secret() {
    local file="$1/secrets/$2"
    if [ ! -s "$file" ]; then head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | write_file 600 "$file"; fi
    cat "$file"
}

# free_port FROM STEP: the first port of FROM, FROM + STEP, ... that can be bound on loopback. All are below the range
# from
# which the kernel takes ports for outgoing connections, so that a recorded port stays free while its server is down.
free_port() {
    python3 - "$1" "$2" <<'PYTHON'
import socket, sys
first, step = int(sys.argv[1]), int(sys.argv[2])
for port in range(first, first + 200 * step, step):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        sys.exit(0)
sys.exit("no free port from %d on" % first)
PYTHON
}

# recorded_port FOLDER NAME FROM [STEP]: the port this name had before if it is still free, else another one;
# remembered.
recorded_port() {
    local file="$1/ports/$2" from=$3 port
    if [ -s "$file" ]; then from=$(cat "$file"); fi
    port=$(free_port "$from" "${4:-1}")
    say "$port" | write_file 644 "$file"
    say "$port"
}

# wait_until SECONDS COMMAND...: true as soon as the command is, false after the deadline.
wait_until() {
    local deadline=$((SECONDS + $1)); shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# is_command_of PID TEXT: true if that process lives and its command line holds the text. The number in a pid file alone
# proves nothing, since it may belong to another process by now.
is_command_of() {
    local words
    words=$({ tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null) || return 1
    [[ $words == *"$2"* ]]
}

# Memory this machine or container may use, in MiB.
memory_mib() {
    local total limit=max
    total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    if [ -r /sys/fs/cgroup/memory.max ]; then limit=$(cat /sys/fs/cgroup/memory.max); fi
    if [ "$limit" != max ] && [ $((limit / 1048576)) -lt "$total" ]; then total=$((limit / 1048576)); fi
    say "$total"
}

# clamp VALUE LOW HIGH
clamp() {
    local value=$1
    if [ "$value" -lt "$2" ]; then value=$2; fi
    if [ "$value" -gt "$3" ]; then value=$3; fi
    say "$value"
}
