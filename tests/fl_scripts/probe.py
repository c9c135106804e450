"""Drives the real script against small fakes, in any CPython from 3.6 on. Prints `ok` at the end; whatever is wrong raises.

    python3.6 probe.py FOLDER       FOLDER holds the script's files as FL's folder does
"""

import sys
import types

# mypy: ignore-errors

sent = []
printed = []
state = {"playing": 0, "position": 0, "tempo": 120000.0, "assigned": 1, "hint": "", "unsafe": 0}


class Event(object):  # noqa: UP004
    def __init__(self, status=0, data1=0, data2=0, sysex=None):
        self.status, self.data1, self.data2, self.sysex = status, data1, data2, sysex
        self.handled, self.timestamp, self.pmeFlags, self.port = False, 0, 7, 17


def _read(value):
    if state["unsafe"]:
        state["unsafe"] += 1
        raise (TypeError if state["unsafe"] % 2 else RuntimeError)("Operation unsafe at current time")
    return value


def prepare(folder):
    """Put FL's modules in place and let the script's own modules be found, as FL's importer would."""
    fakes = {
        "transport": {
            "isPlaying": lambda: _read(state["playing"]),
            "isRecording": lambda: 0,
            "getLoopMode": lambda: 0,
            "getSongPos": lambda mode=-1: state["position"],
        },
        "mixer": {"getCurrentTempo": lambda as_int=0: state["tempo"]},
        "general": {"getRecPPQ": lambda: 96, "getRecPPB": lambda: 384},
        "patterns": {"patternNumber": lambda: 1, "getPatternLength": lambda index: 16},
        "channels": {"selectedChannel": lambda *args: 0, "midiNoteOn": lambda *args: sent.append(args)},
        "device": {
            "isAssigned": lambda: state["assigned"],
            "getName": lambda: "JamBot Link In",
            "getPortNumber": lambda: 17,
            "midiOutSysex": lambda data: sent.append(data),
        },
        "ui": {"setHintMsg": lambda text: state.update(hint=text), "getVersion": lambda *args: "Producer Edition v21"},
    }
    for name, functions in fakes.items():
        module = types.ModuleType(name)
        for called, function in functions.items():
            setattr(module, called, function)
        sys.modules[name] = module
    sys.path.insert(0, folder)
    import link  # noqa: F401


def play(source):
    """Run the script as FL does and call every callback, with and without more arguments than it names."""
    import frames

    fl = {"print": lambda *words: printed.append(words)}
    exec(compile(source, "<string>", "exec"), fl)
    kinds = lambda: [frames.decode(data).kind for data in sent if isinstance(data, bytes)]  # noqa: E731
    for _ in range(3):
        fl["OnInit"]()
    for _ in range(6):
        fl["OnIdle"]()
    assert {"hello", "beacon", "held"} <= set(kinds()), kinds()

    del sent[:]
    fl["OnMidiMsg"](Event(0x90, 60, 100))
    fl["OnMidiMsg"](Event(0x80, 60, 0), 1, 2)
    fl["OnMidiOutMsg"](Event(0x90, 64, 90), "more")
    heard = [frames.decode(data).fields for data in sent]
    assert [(fields["source"], fields["notes"]) for fields in heard if "notes" in fields] == [
        ("keys", ((60, 100),)),
        ("keys", ((60, 0),)),
        ("song", ((64, 90),)),
    ], heard

    bridge = frames.Outbox(frames.TO_FL, 77, 8)
    bridge.push("status", {"text": "hello from the bridge", "audition": True})
    bridge.push("audition", {"notes": ((70, 80), (70, 0))})
    for data in bridge.take(0.0):
        event = Event(0xF0, sysex=data)
        fl["OnSysEx"](event)
        assert event.handled
    fl["OnIdle"](0)
    assert state["hint"] == "hello from the bridge", state
    assert (0, 70, 80, -1) in sent and (0, 70, 0, -1) in sent, sent  # noqa: PT018
    foreign = Event(0xF0, sysex=bytes(bytearray((0xF0, 0x41, 1, 2, 0xF7))))
    fl["OnSysEx"](foreign)
    assert not foreign.handled

    state.update(playing=1, position=96, unsafe=1)
    fl["OnRefresh"](256)
    fl["OnUpdateBeatIndicator"](1, 2, 3)
    fl["OnIdle"]()
    state["unsafe"] = 0
    del sent[:]
    fl["OnIdle"]()
    assert "beacon" in kinds(), kinds()

    del sent[:]
    fl["OnProjectLoad"](0)
    fl["OnRefresh"](0xFFFF)
    fl["OnIdle"]()
    assert not sent, sent
    fl["OnProjectLoad"](100, 1)
    assert sent

    state["assigned"] = 0
    fl["OnIdle"]()
    state["assigned"] = 1
    fl["OnDeInit"]()
    assert not printed, printed
    print("ok")


if __name__ == "__main__":
    prepare(sys.argv[1])
    with open(sys.argv[1] + "/device_JamBot.py") as file:
        SOURCE = file.read()
    play(SOURCE)
