# What `.ci/run` and `.ci/consumers` share; sourced by them. $temporary is a folder that the caller removes.

times=()

# Runs a stage (a function of this name), and keeps how long it took. A stage that fails ends the run.
timed() {
    echo "== $1"
    local start=$SECONDS
    "$1"
    times+=("$(printf '%-12s %5d s' "$1" $((SECONDS - start)))")
}

summary() {
    echo "== seconds"
    printf '%s\n' "${times[@]}"
    printf '%-12s %5d s\n' all "$SECONDS"
}

# want_package COMMAND PACKAGE: installs a Debian package if the command is not there.
want_package() {
    command -v "$1" >/dev/null && return
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    if [ ! -e "$temporary/updated" ]; then
        $sudo apt-get update -qq
        touch "$temporary/updated"
    fi
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

# readme_command NAME: the text of the code block that follows <!-- ci: NAME --> in README.md.
readme_command() {
    awk -v marker="<!-- ci: $1 -->" '
        $0 == marker { marked = 1; next }
        marked && /^```/ { if (inside) { found = 1; exit } inside = 1; next }
        inside { sub(/^\$ /, ""); print }
        END { if (!found) { print "README.md: no code block after " marker > "/dev/stderr"; exit 1 } }
    ' README.md
}

run_script() {
    sed 's/^/+ /' "$1"
    bash -euo pipefail "$1" </dev/null
}

# The library's tests, as one program.
test_binary() {
    cargo test --locked --features torch --lib --no-run --message-format=json 2>/dev/null </dev/null | python3 -c '
import json, sys
messages = (json.loads(line) for line in sys.stdin if line.startswith("{"))
tests = [m["executable"] for m in messages if m.get("executable") and m["profile"]["test"]]
assert len(tests) == 1, f"expected one test binary: {tests}"
print(tests[0])'
}
