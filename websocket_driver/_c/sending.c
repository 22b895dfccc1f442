/* Hybi.frame(), text() and binary() in C, for messages that need no conversion. */

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

/* Hybi.text() and binary(), which send through frame(), that a subclass may override. */
static PyObject *
send_as(PyObject *self, PyObject *type, PyObject *otherwise, PyObject *const *args,
        Py_ssize_t nargs, PyObject *keywords)
{
    PyObject *state;
    long number;

    if (nargs != 1 || keywords != NULL)
        return call_with(self, otherwise, args, nargs, keywords);
    state = PyObject_GetAttr(self, names.ready_state);
    if (state == NULL)
        return NULL;
    number = PyLong_AsLong(state);
    Py_DECREF(state);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    if (number > OPEN)
        return Py_NewRef(Py_False);
    return PyObject_CallMethodObjArgs(self, names.frame, args[0], type, NULL);
}

static PyObject *
hybi_text(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    return send_as(self, names.text, names.text_otherwise, args, nargs, keywords);
}

static PyObject *
hybi_binary(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    return send_as(self, names.binary, names.binary_otherwise, args, nargs, keywords);
}

#define METHOD(name, signature) {#name, (PyCFunction)(void (*)(void))hybi_##name, \
    METH_FASTCALL | METH_KEYWORDS, #name signature "\n--\n\n"}

static PyMethodDef frame_definition = METHOD(frame, "($self, data, type=None, code=None)");
static PyMethodDef text_definition = METHOD(text, "($self, message)");
static PyMethodDef binary_definition = METHOD(binary, "($self, message)");

PyObject *
speedups_frame_of(PyObject *module, PyObject *type)
{
    return method_of(type, &frame_definition);
}

PyObject *
speedups_text_of(PyObject *module, PyObject *type)
{
    return method_of(type, &text_definition);
}

PyObject *
speedups_binary_of(PyObject *module, PyObject *type)
{
    return method_of(type, &binary_definition);
}
