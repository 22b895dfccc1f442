/* Hybi.frame() in C, for messages that need no conversion. */

#include "speedups.h"

/* Emits bytes for the peer, if the stream is still readable. */
static int
write_frame(PyObject *driver, PyObject *io, PyObject *frame)
{
    PyObject *readable = PyObject_GetAttr(io, names.readable), *result;
    int is_readable = readable == NULL ? -1 : PyObject_IsTrue(readable);

    Py_XDECREF(readable);
    if (is_readable <= 0)
        return is_readable;
    result = PyObject_CallMethodObjArgs(io, names.emit, names.data, frame, NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Sends a message as a single frame. */
static int
send_directly(PyObject *driver, PyObject *io, int first, PyObject *message, int masked)
{
    struct payload payload = {NULL, NULL, 0, 0};
    PyObject *data = data_of(message, &payload), *key = NULL, *frame = NULL;
    int failed = data == NULL;

    if (!failed && masked) {
        key = PyObject_CallMethodObjArgs(driver, names.next_key, NULL);
        failed = key == NULL || key_of(key, &payload.key) < 0;
    }
    if (!failed) {
        frame = frame_of(first, &payload);
        failed = frame == NULL || write_frame(driver, io, frame) < 0;
    }
    Py_XDECREF(frame);
    Py_XDECREF(key);
    Py_XDECREF(data);
    return failed ? -1 : 0;
}

/* Whether a message needs no conversion. Bytes may not be valid text. */
static int
is_whole(PyObject *data, PyObject *type)
{
    if (type == names.text)
        return PyUnicode_Check(data);
    return type == names.binary && (PyUnicode_Check(data) || PyBytes_Check(data));
}

static PyObject *
hybi_frame(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    PyObject *direct, *io;
    int failed, masked;

    if (nargs != 2 || keywords != NULL || !is_whole(args[0], args[1]))
        return call_with(self, names.frame_otherwise, args, nargs, keywords);

    direct = PyObject_GetAttr(self, names.direct);
    if (direct == NULL)
        return NULL;
    masked = direct == Py_True;
    Py_DECREF(direct);
    if (direct == Py_None)
        return call_with(self, names.frame_otherwise, args, nargs, keywords);

    io = PyObject_GetAttr(self, names.io);
    if (io == NULL)
        return NULL;
    failed = send_directly(
        self, io, args[1] == names.text ? WHOLE_TEXT : WHOLE_BINARY, args[0], masked);
    Py_DECREF(io);
    return failed ? NULL : Py_NewRef(Py_True);
}

static PyMethodDef frame_definition = {
    "frame", (PyCFunction)(void (*)(void))hybi_frame, METH_FASTCALL | METH_KEYWORDS,
    "frame($self, data, type=None, code=None)\n--\n\n",
};

PyObject *
speedups_frame_of(PyObject *module, PyObject *type)
{
    if (!PyType_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "frame_of() takes a class");
        return NULL;
    }
    return PyDescr_NewMethod((PyTypeObject *)type, &frame_definition);
}
