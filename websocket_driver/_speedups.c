/* The functions of frames.py, compiled. They do the same: see there, and spec/frames_spec.py. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum { WHOLE_TEXT = 0x81, WHOLE_BINARY = 0x82, KEY_SIZE = 4 };

/* Eight bytes at a time, then one by one. memcpy is what makes that right on any alignment. */
static void
xor_bytes(unsigned char *to, const unsigned char *from, Py_ssize_t size, const unsigned char *key)
{
    Py_ssize_t i = 0;
    uint64_t word, keys;

    memcpy(&keys, key, KEY_SIZE);
    memcpy((unsigned char *)&keys + KEY_SIZE, key, KEY_SIZE);

    for (; size - i >= 8; i += 8) {
        memcpy(&word, from + i, 8);
        word ^= keys;
        memcpy(to + i, &word, 8);
    }
    for (; i < size; i++)
        to[i] = from[i] ^ key[i % KEY_SIZE];
}

static PyObject *
masked(const unsigned char *payload, Py_ssize_t size, const unsigned char *key)
{
    PyObject *result = PyBytes_FromStringAndSize(NULL, size);
    if (result != NULL)
        xor_bytes((unsigned char *)PyBytes_AsString(result), payload, size, key);
    return result;
}

/* The bytes of a bytes object: borrowed, and there as long as the object is. */
static int
bytes_of(PyObject *object, const unsigned char **data, Py_ssize_t *size)
{
    return PyBytes_AsStringAndSize(object, (char **)data, size);
}

static PyObject *
speedups_mask(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    const unsigned char *payload, *key;
    Py_ssize_t size, key_size;

    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "mask() takes a payload and a key");
        return NULL;
    }
    if (bytes_of(args[0], &payload, &size) < 0 || bytes_of(args[1], &key, &key_size) < 0)
        return NULL;
    if (key_size != KEY_SIZE) {
        PyErr_SetString(PyExc_ValueError, "a masking key has 4 bytes");
        return NULL;
    }
    return masked(payload, size, key);
}

static PyObject *
speedups_take_frame(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    const unsigned char *chunk;
    Py_ssize_t size, start, begin, max_length, left;
    uint64_t length;
    int require_masking, mask, i, extended;
    PyObject *payload, *result;

    if (nargs != 4) {
        PyErr_SetString(PyExc_TypeError,
                        "take_frame() takes a chunk, a start, a length and a truth value");
        return NULL;
    }
    if (bytes_of(args[0], &chunk, &size) < 0)
        return NULL;
    start = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
    max_length = PyNumber_AsSsize_t(args[2], NULL); /* more than there can be is no limit */
    require_masking = PyObject_IsTrue(args[3]);
    if (PyErr_Occurred())
        return NULL;

    if (start < 0 || start > size || size - start < 2)
        Py_RETURN_NONE;
    if (chunk[start] != WHOLE_TEXT && chunk[start] != WHOLE_BINARY)
        Py_RETURN_NONE;

    mask = chunk[start + 1] & 0x80;
    if (!mask && require_masking)
        Py_RETURN_NONE;

    length = chunk[start + 1] & 0x7F;
    extended = length < 126 ? 0 : length == 126 ? 2 : 8;
    begin = start + 2;
    left = size - begin;

    if (left < extended + (mask ? KEY_SIZE : 0))
        Py_RETURN_NONE;
    if (extended) {
        for (length = 0, i = 0; i < extended; i++)
            length = length << 8 | chunk[begin + i];
    }
    begin += extended + (mask ? KEY_SIZE : 0);
    left = size - begin;

    if (length > (uint64_t)left || max_length < 0 || length > (uint64_t)max_length)
        Py_RETURN_NONE;

    if (mask)
        payload = masked(chunk + begin, (Py_ssize_t)length, chunk + begin - KEY_SIZE);
    else
        payload = PyBytes_FromStringAndSize((const char *)chunk + begin, (Py_ssize_t)length);
    if (payload == NULL)
        return NULL;

    result = Py_BuildValue("iNn", (int)chunk[start], payload, begin + (Py_ssize_t)length);
    return result;
}

static PyObject *
speedups_make_frame(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    const unsigned char *payload, *key = NULL;
    unsigned char *frame;
    Py_ssize_t size, key_size = 0, head;
    uint64_t length;
    int extended, i;
    long first;
    PyObject *result;

    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "make_frame() takes a first byte, a payload and a key");
        return NULL;
    }
    first = PyLong_AsLong(args[0]);
    if (first == -1 && PyErr_Occurred())
        return NULL;
    if (bytes_of(args[1], &payload, &size) < 0)
        return NULL;
    if (args[2] != Py_None) {
        if (bytes_of(args[2], &key, &key_size) < 0)
            return NULL;
        if (key_size != KEY_SIZE) {
            PyErr_SetString(PyExc_ValueError, "a masking key has 4 bytes");
            return NULL;
        }
    }

    length = (uint64_t)size;
    extended = size <= 125 ? 0 : size <= 0xFFFF ? 2 : 8;
    head = 2 + extended + key_size;
    result = PyBytes_FromStringAndSize(NULL, head + size);
    if (result == NULL)
        return NULL;

    frame = (unsigned char *)PyBytes_AsString(result);
    frame[0] = (unsigned char)first;
    frame[1] = (unsigned char)(extended == 0 ? size : extended == 2 ? 126 : 127);
    for (i = 0; i < extended; i++)
        frame[2 + i] = (unsigned char)(length >> 8 * (extended - 1 - i));

    if (key != NULL) {
        frame[1] |= 0x80;
        memcpy(frame + head - KEY_SIZE, key, KEY_SIZE);
        xor_bytes(frame + head, payload, size, key);
    }
    else if (size > 0) {
        memcpy(frame + head, payload, (size_t)size);
    }
    return result;
}

static PyMethodDef methods[] = {
    {"make_frame", (PyCFunction)(void (*)(void))speedups_make_frame, METH_FASTCALL, NULL},
    {"mask", (PyCFunction)(void (*)(void))speedups_mask, METH_FASTCALL, NULL},
    {"take_frame", (PyCFunction)(void (*)(void))speedups_take_frame, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "websocket_driver._speedups", NULL, 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__speedups(void)
{
    return PyModuleDef_Init(&definition);
}
