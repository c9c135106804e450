"""FL's piano roll for scripts, a fake that behaves as its documentation says. Runs in any Python from 3.6 on, and under FL's bans.

`score` is the selection where there is one. Values of a wrong type or beyond FL's range raise, as FL's own objects do.
"""

import math  # noqa: F401  FL has it ready; under the bans nothing can be loaded from a file
import sys
import types

# mypy: ignore-errors

NUMBERS = {"number": (int, 0, 127), "time": (int, 0, 2**31 - 1), "length": (int, 0, 2**31 - 1), "velocity": (float, 0.0, 1.0)}


class Note(object):  # noqa: UP004
    def __init__(self):
        self.number, self.time, self.length, self.velocity = 60, 0, 24, 0.8
        self.pan = self.release = self.fcut = self.fres = 0.5
        self.color = self.pitchofs = self.group = 0
        self.slide = self.porta = self.muted = self.selected = False

    def __setattr__(self, name, value):
        if name in NUMBERS:
            kind, least, most = NUMBERS[name]
            if not isinstance(value, kind) or not least <= value <= most:
                raise TypeError(name + ": " + repr(value))
        object.__setattr__(self, name, value)

    def __eq__(self, other):
        return vars(self) == vars(other)


class Marker(object):  # noqa: UP004
    def __init__(self, time, tsnum, tsden, mode=8):
        self.time, self.tsnum, self.tsden, self.mode, self.name = time, tsnum, tsden, mode, ""


class Score(object):  # noqa: UP004
    def __init__(self, notes, ppq=96, tsnum=4, tsden=4, markers=()):
        self.PPQ, self.tsnum, self.tsden = ppq, tsnum, tsden
        self._notes, self._markers = list(notes), list(markers)

    noteCount = property(lambda self: len(self._notes))  # noqa: N815
    markerCount = property(lambda self: len(self._markers))  # noqa: N815

    def getNote(self, index):  # noqa: N802
        return self._notes[index]

    def getMarker(self, index):  # noqa: N802
        return self._markers[index]


class ScriptDialog(object):  # noqa: UP004
    def __init__(self, title, description):
        self.title, self.description, self.values = title, description, {}

    def AddInputKnob(self, name, value, least, most):  # noqa: N802
        assert least <= value <= most, name
        self.values[name] = float(value)

    AddInputKnobInt = AddInputKnob  # FL answers whole numbers as floats, too

    def AddInputCheckbox(self, name, value):  # noqa: N802
        self.values[name] = float(value)

    def GetInputValue(self, name):  # noqa: N802
        return self.values[name]


def open_score(*args, **words):
    """Make `flpianoroll` importable, with a score as `Score` takes it."""
    module = types.ModuleType("flpianoroll")
    module.score, module.ScriptDialog, module.Note, module.Marker = Score(*args, **words), ScriptDialog, Note, Marker
    sys.modules["flpianoroll"] = module
    return module.score


def note(time, number=60, length=24, velocity=0.8, **more):
    """A note of the score."""
    made = Note()
    made.time, made.number, made.length, made.velocity = time, number, length, velocity
    for name, value in more.items():
        setattr(made, name, value)
    return made


def groove(bars, ppq=96):
    """Notes of a plain rock beat: eighths on the hat, kick on 1 and 3, snare on 2 and 4."""
    notes = []
    for eighth in range(8 * bars):
        notes.append(note(eighth * ppq // 2, 42, ppq // 4))
        if eighth % 2 == 0:
            notes.append(note(eighth * ppq // 2, 36 if eighth % 4 == 0 else 38, ppq // 4))
    return notes


def run(source, **wishes):
    """Run a script as FL does, with the dialog's values changed by `wishes`: the dialog."""
    # FL runs the source as a text, without a file.
    names = {}
    exec(compile(source, "<string>", "exec"), names)
    form = names["createDialog"]()
    for name, value in wishes.items():
        assert name in form.values, name
        form.values[name] = float(value)
    names["apply"](form)
    return form
