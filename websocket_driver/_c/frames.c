/* mask() and make_frame() of codec.py, which documents them, in C. Both versions pass
   spec/driver/hybi/codec_spec.py. They read only immutable objects and keep nothing. */

#include "speedups.h"

#include <stdint.h>
#include <string.h>

/* The longest text whose UTF-8 Python may cache in the object, which saves a copy. */
enum { SHORT_TEXT = 1024 };

/* Eight bytes at a time, then one by one. memcpy allows any alignment. */
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

void
copy_payload(unsigned char *to, const struct payload *payload)
{
    if (payload->key != NULL)
        xor_bytes(to, payload->bytes, payload->size, payload->key);
    else if (payload->size > 0)
        memcpy(to, payload->bytes, (size_t)payload->size);
}

int
bytes_of(PyObject *object, const unsigned char **bytes, Py_ssize_t *size)
{
    return PyBytes_AsStringAndSize(object, (char **)bytes, size);
}

int
key_of(PyObject *object, const unsigned char **key)
{
    Py_ssize_t size;

    if (bytes_of(object, key, &size) < 0)
        return -1;
    if (size != KEY_SIZE) {
        PyErr_SetString(PyExc_ValueError, "a masking key has 4 bytes");
        return -1;
    }
    return 0;
}

static PyObject *
binary_of(const struct payload *payload)
{
    PyObject *result = PyBytes_FromStringAndSize(NULL, payload->size);

    if (result != NULL)
        copy_payload((unsigned char *)PyBytes_AsString(result), payload);
    return result;
}

PyObject *
speedups_mask(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct payload payload;

    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "mask() takes a payload and a key");
        return NULL;
    }
    if (bytes_of(args[0], &payload.bytes, &payload.size) < 0 || key_of(args[1], &payload.key) < 0)
        return NULL;
    return binary_of(&payload);
}

PyObject *
frame_of(int first, const struct payload *payload)
{
    unsigned char *frame;
    Py_ssize_t head;
    uint64_t length = (uint64_t)payload->size;
    int extended = length <= 125 ? 0 : length <= 0xFFFF ? 2 : 8, i;
    PyObject *result;

    head = 2 + extended + (payload->key != NULL ? KEY_SIZE : 0);
    result = PyBytes_FromStringAndSize(NULL, head + payload->size);
    if (result == NULL)
        return NULL;

    frame = (unsigned char *)PyBytes_AsString(result);
    frame[0] = (unsigned char)first;
    frame[1] = (unsigned char)(extended == 0 ? length : extended == 2 ? 126 : 127);
    for (i = 0; i < extended; i++)
        frame[2 + i] = (unsigned char)(length >> 8 * (extended - 1 - i));

    if (payload->key != NULL) {
        frame[1] |= 0x80;
        memcpy(frame + head - KEY_SIZE, payload->key, KEY_SIZE);
    }
    copy_payload(frame + head, payload);
    return result;
}

/* Finds the bytes of a message as they are sent, and returns the object that owns them. */
PyObject *
data_of(PyObject *message, struct payload *payload)
{
    PyObject *data;

    if (PyUnicode_Check(message) && PyUnicode_GetLength(message) <= SHORT_TEXT) {
        payload->bytes = (const unsigned char *)PyUnicode_AsUTF8AndSize(message, &payload->size);
        return payload->bytes == NULL ? NULL : Py_NewRef(message);
    }
    data = PyUnicode_Check(message) ? PyUnicode_AsUTF8String(message) : Py_NewRef(message);
    if (data != NULL && bytes_of(data, &payload->bytes, &payload->size) < 0)
        Py_CLEAR(data);
    return data;
}

PyObject *
speedups_make_frame(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct payload payload = {NULL, NULL, 0, 0};
    PyObject *data, *result = NULL;
    long first;

    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "make_frame() takes a first byte, a payload and a key");
        return NULL;
    }
    first = PyLong_AsLong(args[0]);
    if (first == -1 && PyErr_Occurred())
        return NULL;
    if (args[2] != Py_None && key_of(args[2], &payload.key) < 0)
        return NULL;

    data = data_of(args[1], &payload);
    if (data != NULL)
        result = frame_of((int)first, &payload);
    Py_XDECREF(data);
    return result;
}
