/* The functions of codec.py, compiled. They do the same: see there, and
   spec/driver/hybi/codec_spec.py. They read only immutable objects and keep nothing. */

#include "speedups.h"

#include <stdint.h>
#include <string.h>

enum { MIDDLE_FRAGMENT = 0x00 };
enum { SCRATCH_SIZE = 4096 };
enum { MOST_MESSAGES = 64, MOST_BYTES = 0x10000 };

/* The longest text whose UTF-8 may be kept by Python beside it, which saves a copy. */
enum { SHORT_TEXT = 1024 };

/* What is to be read: the bytes are borrowed, and there as long as their object is. */
struct input {
    const unsigned char *bytes;
    Py_ssize_t size, start;
    int masked; /* whether the first frame is: the others must be like it */
};

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

static void
copy_payload(unsigned char *to, const struct payload *payload)
{
    if (payload->key != NULL)
        xor_bytes(to, payload->bytes, payload->size, payload->key);
    else if (payload->size > 0)
        memcpy(to, payload->bytes, (size_t)payload->size);
}

static int
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

static int
input_of(PyObject *const *args, Py_ssize_t nargs, struct input *input)
{
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "takes a chunk and a start");
        return -1;
    }
    if (bytes_of(args[0], &input->bytes, &input->size) < 0)
        return -1;
    input->start = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
    if (input->start == -1 && PyErr_Occurred())
        return -1;
    if (input->start < 0) {
        PyErr_SetString(PyExc_ValueError, "a start must not be negative");
        return -1;
    }
    input->masked = input->start < input->size - 1 && (input->bytes[input->start + 1] & 0x80) != 0;
    return 0;
}

/* Finds the payload of the frame at the start of the input, if all of the frame is there. */
static int
find_payload(const struct input *input, struct payload *payload)
{
    const unsigned char *bytes;
    Py_ssize_t left, begin = 2;
    uint64_t length;
    int extended, i;

    if (input->start > input->size - 2)
        return 0;
    bytes = input->bytes + input->start;
    left = input->size - input->start;

    if (((bytes[1] & 0x80) != 0) != input->masked)
        return 0;

    length = bytes[1] & 0x7F;
    extended = length < 126 ? 0 : length == 126 ? 2 : 8;
    if (left < begin + extended + (input->masked ? KEY_SIZE : 0))
        return 0;
    if (extended) {
        for (length = 0, i = 0; i < extended; i++)
            length = length << 8 | bytes[begin + i];
    }
    begin += extended + (input->masked ? KEY_SIZE : 0);
    left -= begin;

    if (length > (uint64_t)left)
        return 0;

    payload->key = input->masked ? bytes + begin - KEY_SIZE : NULL;
    payload->bytes = bytes + begin;
    payload->size = (Py_ssize_t)length;
    payload->end = input->start + begin + payload->size;
    return 1;
}

static PyObject *
binary_of(const struct payload *payload)
{
    PyObject *result = PyBytes_FromStringAndSize(NULL, payload->size);

    if (result != NULL)
        copy_payload((unsigned char *)PyBytes_AsString(result), payload);
    return result;
}

static PyObject *
text_of(const struct payload *payload)
{
    unsigned char scratch[SCRATCH_SIZE], *buffer = scratch;
    PyObject *result;

    if (payload->key == NULL)
        return PyUnicode_DecodeUTF8((const char *)payload->bytes, payload->size, NULL);

    if (payload->size > SCRATCH_SIZE) {
        buffer = PyMem_Malloc((size_t)payload->size);
        if (buffer == NULL)
            return PyErr_NoMemory();
    }
    copy_payload(buffer, payload);
    result = PyUnicode_DecodeUTF8((const char *)buffer, payload->size, NULL);
    if (buffer != scratch)
        PyMem_Free(buffer);
    return result;
}

PyObject *
speedups_take_messages(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct input input;
    struct payload payload;
    Py_ssize_t count, taken = 0, longest = 0;
    PyObject *messages, *message;
    int first, failed;

    if (input_of(args, nargs, &input) < 0)
        return NULL;
    messages = PyList_New(0);
    if (messages == NULL)
        return NULL;

    for (count = 0; count < MOST_MESSAGES && taken < MOST_BYTES; count++) {
        if (input.start >= input.size)
            break;
        first = input.bytes[input.start];
        if (first != WHOLE_TEXT && first != WHOLE_BINARY)
            break;
        if (!find_payload(&input, &payload))
            break;

        message = first == WHOLE_TEXT ? text_of(&payload) : binary_of(&payload);
        if (message == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
            PyErr_Clear();
            break;
        }
        failed = message == NULL || PyList_Append(messages, message) < 0;
        Py_XDECREF(message);
        if (failed) {
            Py_DECREF(messages);
            return NULL;
        }
        taken += payload.size;
        if (payload.size > longest)
            longest = payload.size;
        input.start = payload.end;
    }
    return Py_BuildValue("NnnO", messages, input.start, longest, input.masked ? Py_True : Py_False);
}

PyObject *
speedups_take_fragments(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct input input, again;
    struct payload payload;
    Py_ssize_t total = 0, count = 0;
    PyObject *result;
    unsigned char *to;

    if (input_of(args, nargs, &input) < 0)
        return NULL;

    again = input;
    while (input.start < input.size && input.bytes[input.start] == MIDDLE_FRAGMENT) {
        if (!find_payload(&input, &payload))
            break;
        total += payload.size;
        count++;
        input.start = payload.end;
    }

    result = PyBytes_FromStringAndSize(NULL, total);
    if (result == NULL)
        return NULL;
    to = (unsigned char *)PyBytes_AsString(result);
    while (again.start < input.start && find_payload(&again, &payload)) {
        copy_payload(to, &payload);
        to += payload.size;
        again.start = payload.end;
    }
    return Py_BuildValue("NnnO", result, input.start, count, input.masked ? Py_True : Py_False);
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

/* The bytes of a text or of bytes, as they are sent, and what has to be kept as long as they are
   used. */
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
