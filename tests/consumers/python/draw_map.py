"""The library from Python, without a binding: ctypes calls libfovea.so, NumPy holds the map.

    python3 draw_map.py libfovea.so model.gguf LAYER HEAD "The cat sat on the mat." map.pgm

Writes one head's attention map as a grey picture, 16 pixels per cell, dark = looks there; row = query.
"""
import ctypes
import sys

import numpy as np

FOVEA_STREAM_SELF = 0
size_t, void_p, char_p = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("message", ctypes.c_char * 1020)]


class RunOptions(ctypes.Structure):
    # Only the fields up to the one that is used: struct_size tells the library.
    _fields_ = [("struct_size", size_t), ("user", void_p), ("observer", void_p)]


class Map(ctypes.Structure):
    _fields_ = [("struct_size", size_t), ("queries", size_t), ("keys", size_t), ("stride", size_t),
                ("weights", ctypes.POINTER(ctypes.c_float))]


def load_library(path):
    library = ctypes.CDLL(path)
    for name in ("fovea_recorder_observer", "fovea_session_error"):
        getattr(library, name).restype = void_p if name.endswith("observer") else char_p
        getattr(library, name).argtypes = [void_p]
    return library


def attention_map(library, model_path, text, layer, head):
    """One head's map of the text: [query, key], rows sum to 1."""
    error = Error()

    def check(status):
        if status != 0:
            raise RuntimeError(error.message.decode())

    model, session, recorder, tokenizer = void_p(), void_p(), void_p(), void_p()
    try:
        check(library.fovea_model_load(model_path.encode(), None, ctypes.byref(model),
                                       ctypes.byref(error)))
        check(library.fovea_model_tokenizer(model, ctypes.byref(tokenizer), ctypes.byref(error)))
        check(library.fovea_session_create(model, None, ctypes.byref(session),
                                           ctypes.byref(error)))
        check(library.fovea_recorder_create(None, ctypes.byref(recorder), ctypes.byref(error)))

        bytes_, count = text.encode(), size_t()
        ids = np.zeros(len(bytes_) + 8, np.int32)
        check(library.fovea_tokenize(tokenizer, bytes_, size_t(len(bytes_)), None,
                                     ids.ctypes.data_as(void_p), None, size_t(len(ids)),
                                     ctypes.byref(count), ctypes.byref(error)))

        run = RunOptions(struct_size=ctypes.sizeof(RunOptions),
                         observer=library.fovea_recorder_observer(recorder))
        if library.fovea_session_prefill(session, ids.ctypes.data_as(void_p), count,
                                         ctypes.byref(run), None) != 0:
            raise RuntimeError(library.fovea_session_error(session).decode())

        view = Map(struct_size=ctypes.sizeof(Map))
        check(library.fovea_recorder_map(recorder, size_t(layer), size_t(head), FOVEA_STREAM_SELF,
                                         ctypes.byref(view), ctypes.byref(error)))
        rows = np.ctypeslib.as_array(view.weights, (view.queries, view.stride))
        return rows[:, :view.keys].copy()  # The library's own memory ends with the recorder.
    finally:
        library.fovea_recorder_free(recorder)
        library.fovea_session_free(session)
        library.fovea_model_free(model)


def write_picture(path, weights):
    grey = (255 * (1 - np.clip(weights, 0, 1))).round().astype(np.uint8)
    pixels = np.kron(grey, np.ones((16, 16), np.uint8))
    with open(path, "wb") as file:
        file.write(b"P5\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes())


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    library_path, model_path, layer, head, text, picture = sys.argv[1:]
    try:
        weights = attention_map(load_library(library_path), model_path, text, int(layer),
                                int(head))
    except RuntimeError as error:
        sys.exit(str(error))
    write_picture(picture, weights)
    print(f"{weights.shape[0]} tokens, rows sum to 1 within "
          f"{abs(weights.sum(axis=1) - 1).max():.0e}, "
          f"largest weight off the diagonal {np.tril(weights, -1).max():.3f}")


if __name__ == "__main__":
    main()
