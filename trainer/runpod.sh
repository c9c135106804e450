#!/usr/bin/env bash
# Stage A on a rented GPU: sets JamBot up beside the pod's PyTorch, trains, packs the results. Knows a pod; knows no training.
#
#   bash trainer/runpod.sh MUSIC [options of `trainer stage-a`]   begins, or goes on after the pod was stopped
#   bash trainer/runpod.sh                                        goes on with the words of last time
#
# Everything lies in JAMBOT_WORKSPACE (usually /workspace), the part of a pod that outlives a stop. JAMBOT_PYTHON names the Python
# that has PyTorch (usually python3).

set -euo pipefail

workspace=${JAMBOT_WORKSPACE:-/workspace}
python=${JAMBOT_PYTHON:-python3}
home=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
run=$workspace/jambot-run
venv=$workspace/jambot-venv

fail() {
    echo "error: $*" >&2
    exit 2
}

# The words to run with, made to hold from any folder: those given, or those of last time.
read_words() {
    if [ $# -eq 0 ]; then
        [ -f "$run/words" ] || fail "name the folder with your music: bash $0 MUSIC [options of 'trainer stage-a']"
        mapfile -d '' -t words <"$run/words"
        return
    fi
    [ -d "$1" ] || fail "$1: no such folder; name the one with your music"
    words=(--input_dir "$(realpath -- "$1")")
    shift
    while [ $# -gt 0 ]; do
        words+=("$1")
        case $1 in
        --charts | --config | --input_dir)
            [ $# -gt 1 ] || fail "$1 needs a path"
            [ -e "$2" ] || fail "$1 $2: no such file or folder"
            words+=("$(realpath -- "$2")")
            shift
            ;;
        --charts=* | --config=* | --input_dir=* | --name=*) fail "${1%%=*}: write its value apart, after a space" ;;
        --data | --data=* | --samples | --samples=*) fail "$1: the results lie in $run; leave it out" ;;
        esac
        shift
    done
}

# Kept without --overwrite: what was begun anew must go on the next time.
keep_words() {
    local word kept=()
    for word in "${words[@]}"; do
        [ "$word" = --overwrite ] || kept+=("$word")
    done
    printf '%s\0' "${kept[@]}" >"$run/.words.part"
    mv -- "$run/.words.part" "$run/words"
}

check_python() {
    command -v "$python" >/dev/null || fail "$python: no such program; name a Python with JAMBOT_PYTHON"
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' ||
        fail "JamBot needs Python 3.11 or 3.12, $python is $("$python" -V 2>&1); choose another pod template, or name one with JAMBOT_PYTHON"
    torch=$("$python" -c 'import torch; print(torch.__version__)' 2>/dev/null) ||
        fail "$python has no PyTorch; choose a pod template with PyTorch, or name the Python that has it with JAMBOT_PYTHON"
    "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null ||
        echo "note: PyTorch $torch finds no GPU here; training goes on on the CPU, which takes many times as long"
}

# JamBot's pins for what it needs itself; PyTorch stays as the pod has it, and so does what only PyTorch needs.
write_constraints() {
    "$python" - "$home" "$torch" <<'PYTHON'
import configparser, pathlib, re, sys
home, torch = pathlib.Path(sys.argv[1]), sys.argv[2]
setup = configparser.ConfigParser()
setup.read(home / "setup.cfg", encoding="utf-8")
needed = {name.lower() for name in setup["options"]["install_requires"].split()} - {"torch"}
for line in (home / "constraints.txt").read_text(encoding="utf-8").splitlines():
    if re.split("==", line)[0].strip().lower() in needed:
        print(line)
print(f"torch=={torch}")
PYTHON
}

# A Python with JamBot: the pod's own where that has it already, else an environment that sees the pod's PyTorch.
set_up() {
    if "$python" -P -c 'import trainer.stage_a' 2>/dev/null; then
        return
    fi
    [ -f "$home/setup.cfg" ] || fail "$home: JamBot is not installed for $python, and its sources are not here; pip install it"
    local pins
    pins=$(write_constraints)
    if [ "$(cat -- "$venv/jambot-pins" 2>/dev/null)" != "$pins" ] || ! "$venv/bin/python" -P -c 'import trainer.stage_a' 2>/dev/null; then
        echo "== setting up JamBot in $venv, beside PyTorch $torch"
        rm -rf -- "$venv"
        "$python" -m venv --system-site-packages "$venv" || fail "$venv cannot be made; on Debian and Ubuntu: apt-get install python3-venv"
        printf '%s\n' "$pins" >"$run/pins.txt"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$run/pins.txt" --editable "$home" ||
            fail "JamBot could not be installed (see above); mend that and run this again"
        [ "$("$venv/bin/python" -c 'import torch; print(torch.__version__)')" = "$torch" ] ||
            fail "the installation replaced PyTorch $torch; remove $venv and choose a newer pod template"
        cp -- "$run/pins.txt" "$venv/jambot-pins"
    fi
    python=$venv/bin/python
}

name_of_model() {
    local place
    name=jazz_lora_stage_a
    for ((place = 0; place + 1 < ${#words[@]}; place++)); do
        [ "${words[place]}" != --name ] || name=${words[place + 1]}
    done
}

# The results in one file, without what only a run that goes on needs.
pack() {
    packed=$workspace/$name.tar.gz
    tar -C "$run" --exclude='*-state.safetensors' --exclude='.*.part*' -czf "$packed.part" "checkpoints/$name" samples ||
        fail "$packed cannot be written; make room and run this again"
    mv -- "$packed.part" "$packed"
}

tell_the_way_home() {
    echo "== done: $packed ($(du -h -- "$packed" | cut -f1))"
    echo "On the pod, then what it prints on your computer:  runpodctl send $packed"
    if [ -n "${RUNPOD_PUBLIC_IP:-}" ] && [ -n "${RUNPOD_TCP_PORT_22:-}" ]; then
        echo "Or on your computer:  scp -P $RUNPOD_TCP_PORT_22 root@$RUNPOD_PUBLIC_IP:$packed ."
    else
        echo "Or on your computer, with the pod's SSH address and port:  scp -P PORT root@ADDRESS:$packed ."
    fi
    echo "There:  tar -xzf $name.tar.gz && companion --model $name"
    echo "Then stop the pod: it costs until you do."
}

mkdir -p -- "$run" || fail "$workspace: cannot be written; name another place with JAMBOT_WORKSPACE"
exec 9>"$run/lock"
flock --nonblock 9 || fail "a run is under way in $run; its words so far: tail -f $run/stage-a.log"
read_words "$@"
keep_words
check_python
set_up
name_of_model
cd -- "$run"
status=0
"$python" -P -u -m trainer stage-a "${words[@]}" 2>&1 | tee -a stage-a.log 9>&- || status=$?
if [ "$status" -ne 0 ]; then
    echo "error: stage-a ended before its end; mend what it says, then: bash $home/trainer/runpod.sh" >&2
    exit "$status"
fi
pack
tell_the_way_home
