/* take_messages(), take_fragments() and missing() of codec.py, which documents them, in C. Both
   versions pass spec/driver/hybi/codec_spec.py. They read only immutable objects and keep nothing. */

#include "speedups.h"

#include <stdint.h>
#include <string.h>

enum { FIN = 0x80, RSV1 = 0x40, TEXT = 0x1, BINARY = 0x2, CONTINUATION = 0x0 };
enum { MASK = 0x80, LENGTH = 0x7F, LENGTH_IN_2_BYTES = 126, MAX_HEAD_LENGTH = 14 };
enum { SURROGATE_LEAD = 0xED, LAST_BEFORE_SURROGATES = 0x9F };
enum { SCRATCH_SIZE = 4096 };
enum { MOST_MESSAGES = 64, MOST_BYTES = 0x10000 };

/* Input that is read from `start` on. The bytes are borrowed from their object. */
struct input {
    const unsigned char *bytes;
    Py_ssize_t size, start;
    int masked; /* whether the first frame is masked: the others must be like it */
    int rsv1;   /* whether a message may have this bit */
};

struct head {
    Py_ssize_t size; /* 0 if part of it is missing */
    uint64_t length;
    int first, masked;
};

/* The simple message at the start of the input: complete, or cut at the end of the input. Neither
   flag is set if it is not simple. */
struct message {
    Py_ssize_t end, frames, size; /* size: of the payload that has arrived */
    uint64_t length;              /* the length that the headers of its frames state */
    int is_complete, is_cut, is_text, has_rsv1;
};

static int
input_of(PyObject *const *args, Py_ssize_t nargs, struct input *input)
{
    if (nargs != 2 && nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "takes a chunk, a start, and whether RSV1 may be set");
        return -1;
    }
    input->rsv1 = nargs == 3 && args[2] == Py_True;
    if (bytes_of(args[0], &input->bytes, &input->size) < 0)
        return -1;
    input->start = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
    if (input->start == -1 && PyErr_Occurred())
        return -1;
    if (input->start < 0) {
        PyErr_SetString(PyExc_ValueError, "a start must not be negative");
        return -1;
    }
    input->masked = input->start < input->size - 1 && (input->bytes[input->start + 1] & MASK) != 0;
    return 0;
}

/* Reads the header of a frame, of which at least one byte has arrived (RFC 6455 5.2). The length is 0
   until all its bytes have arrived. */
static void
read_head(const unsigned char *bytes, Py_ssize_t size, struct head *head)
{
    int extended, i;
    unsigned char second = size > 1 ? bytes[1] : 0;

    head->first = bytes[0];
    head->masked = (second & MASK) != 0;
    head->length = second & LENGTH;
    extended = head->length < LENGTH_IN_2_BYTES ? 0 : head->length == LENGTH_IN_2_BYTES ? 2 : 8;
    if (extended) {
        for (head->length = 0, i = 0; i < extended && size >= 2 + extended; i++)
            head->length = head->length << 8 | bytes[2 + i];
    }
    head->size = 2 + extended + (head->masked ? KEY_SIZE : 0);
    if (size < head->size)
        head->size = 0;
}

static void
head_at(const struct input *input, struct head *head)
{
    read_head(input->bytes + input->start, input->size - input->start, head);
}

/* Finds the payload that follows a header at the start of the input, as far as it has arrived. */
static void
find_payload(const struct input *input, const struct head *head, struct payload *payload)
{
    Py_ssize_t begin = input->start + head->size, left = input->size - begin;

    payload->bytes = input->bytes + begin;
    payload->key = head->masked ? payload->bytes - KEY_SIZE : NULL;
    payload->size = head->length > (uint64_t)left ? left : (Py_ssize_t)head->length;
    payload->end = begin + payload->size;
}

/* Whether a frame with this first byte is the first of a message, or a later one. */
static int
belongs(int first, int is_first, int rsv1)
{
    int opcode = first & (is_first && rsv1 ? ~(FIN | RSV1) : ~FIN);

    return is_first ? opcode == TEXT || opcode == BINARY : opcode == CONTINUATION;
}

static void
find_message(struct input input, struct message *message)
{
    struct head head;
    struct payload payload;

    memset(message, 0, sizeof *message);
    message->is_text = (input.bytes[input.start] & ~(FIN | RSV1)) == TEXT;
    message->has_rsv1 = (input.bytes[input.start] & RSV1) != 0;
    for (;;) {
        message->is_cut = input.start == input.size;
        if (message->is_cut)
            break;
        head_at(&input, &head);
        if (!belongs(head.first, message->frames == 0, input.rsv1)
            || (input.size - input.start > 1 && head.masked != input.masked))
            return;
        if (head.length > PY_SSIZE_T_MAX / 2 || message->length > MOST_BYTES)
            return;
        message->frames++;
        message->length += head.length;
        message->is_cut = head.size == 0;
        if (message->is_cut)
            break;
        find_payload(&input, &head, &payload);
        message->size += payload.size;
        input.start = payload.end;
        message->is_cut = (uint64_t)payload.size < head.length;
        message->is_complete = !message->is_cut && (head.first & FIN) != 0;
        if (message->is_cut || message->is_complete)
            break;
    }
    message->end = input.start;
    /* A long text is decoded step by step, because decoding it at once takes six times its size. */
    if (message->length > MOST_BYTES
        && (message->is_cut || message->frames > 1 || message->is_text || message->has_rsv1))
        message->is_cut = message->is_complete = 0;
}

/* Copies the payload of a message, as far as it has arrived. */
static void
copy_message(struct input input, const struct message *message, unsigned char *to)
{
    struct head head;
    struct payload payload;

    while (input.start < message->end) {
        head_at(&input, &head);
        find_payload(&input, &head, &payload);
        copy_payload(to, &payload);
        to += payload.size;
        input.start = payload.end;
    }
}

/* Decodes a text. If `used` is not NULL, more of it may follow, and `used` is set to the number of
   decoded bytes. */
static PyObject *
decode(const struct input *input, const struct message *message, Py_ssize_t *used)
{
    unsigned char scratch[SCRATCH_SIZE], *buffer = scratch;
    PyObject *result;

    if (message->size > SCRATCH_SIZE) {
        buffer = PyMem_Malloc((size_t)message->size);
        if (buffer == NULL)
            return PyErr_NoMemory();
    }
    copy_message(*input, message, buffer);
    result = PyUnicode_DecodeUTF8Stateful((const char *)buffer, message->size, NULL, used);
    /* CPython waits for the third byte of a surrogate, although it is already invalid. */
    if (result != NULL && used != NULL && message->size - *used > 1
        && buffer[*used] == SURROGATE_LEAD && buffer[*used + 1] > LAST_BEFORE_SURROGATES)
        *used = -1;
    if (buffer != scratch)
        PyMem_Free(buffer);
    return result;
}

static PyObject *
data_of_message(const struct input *input, const struct message *message)
{
    PyObject *result;

    if (message->is_text && !message->has_rsv1)
        return decode(input, message, NULL);
    result = PyBytes_FromStringAndSize(NULL, message->size);
    if (result == NULL)
        return NULL;
    copy_message(*input, message, (unsigned char *)PyBytes_AsString(result));
    if (!message->has_rsv1)
        return result;
    return Py_BuildValue("NN", PyBool_FromLong(message->is_text), result);
}

/* After NULL: 0 if a text was not valid UTF-8, -1 for any other exception. */
static int
forgive(void)
{
    if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
        return -1;
    PyErr_Clear();
    return 0;
}

/* Whether the beginning of a text can be the beginning of valid UTF-8. */
static int
may_go_on(const struct input *input, const struct message *message)
{
    Py_ssize_t used = 0;
    PyObject *text;

    if (!message->is_cut || !message->is_text || message->has_rsv1 || message->size == 0)
        return message->is_cut;
    text = decode(input, message, &used);
    if (text == NULL)
        return forgive();
    Py_DECREF(text);
    return used >= 0;
}

/* Appends the next message to the list. Returns 1, 0 if it is not simple, or -1 with an exception. */
static int
take_message(const struct input *input, const struct message *message, PyObject *messages)
{
    PyObject *data = data_of_message(input, message);
    int failed;

    if (data == NULL)
        return forgive();
    failed = PyList_Append(messages, data);
    Py_DECREF(data);
    return failed ? -1 : 1;
}

/* Makes the result of take_*(), a tuple of an object, whose reference it steals, numbers and flags. */
static PyObject *
result_of(PyObject *object, Py_ssize_t end, Py_ssize_t number, int masked, int waits)
{
    PyObject *result = PyTuple_New(waits < 0 ? 4 : 5);
    int failed = result == NULL;

    if (failed) {
        Py_DECREF(object);
        return NULL;
    }
    failed = PyTuple_SetItem(result, 0, object) < 0
             || PyTuple_SetItem(result, 1, PyLong_FromSsize_t(end)) < 0
             || PyTuple_SetItem(result, 2, PyLong_FromSsize_t(number)) < 0
             || PyTuple_SetItem(result, 3, Py_NewRef(masked ? Py_True : Py_False)) < 0
             || (waits >= 0 && PyTuple_SetItem(result, 4, Py_NewRef(waits ? Py_True : Py_False)) < 0);
    if (failed || PyErr_Occurred())
        Py_CLEAR(result);
    return result;
}

PyObject *
speedups_take_messages(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct input input;
    struct message message;
    Py_ssize_t count, taken = 0, longest = 0;
    PyObject *messages;
    int took = 1, waits = 0;

    if (input_of(args, nargs, &input) < 0)
        return NULL;
    messages = PyList_New(0);
    if (messages == NULL)
        return NULL;

    for (count = 0; count < MOST_MESSAGES && taken < MOST_BYTES; count++) {
        if (input.start >= input.size)
            break;
        find_message(input, &message);
        if (message.is_complete)
            took = take_message(&input, &message, messages);
        else
            took = waits = may_go_on(&input, &message);
        if (took > 0 && message.length > (uint64_t)longest)
            longest = (Py_ssize_t)message.length;
        if (took <= 0 || waits)
            break;
        taken += message.size;
        input.start = message.end;
    }
    if (took < 0) {
        Py_DECREF(messages);
        return NULL;
    }
    return result_of(messages, input.start, longest, input.masked, waits);
}

PyObject *
speedups_take_fragments(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct input input, again;
    struct head head;
    struct payload payload;
    struct message message = {0, 0, 0, 0, 0, 0, 0, 0};
    PyObject *result;

    if (input_of(args, nargs, &input) < 0)
        return NULL;

    again = input;
    while (message.size < MOST_BYTES && input.start < input.size
           && input.bytes[input.start] == CONTINUATION) {
        head_at(&input, &head);
        if (head.size == 0 || head.masked != input.masked)
            break;
        find_payload(&input, &head, &payload);
        if ((uint64_t)payload.size < head.length)
            break;
        message.size += payload.size;
        message.frames++;
        message.end = input.start = payload.end;
    }

    result = PyBytes_FromStringAndSize(NULL, message.size);
    if (result == NULL)
        return NULL;
    copy_message(again, &message, (unsigned char *)PyBytes_AsString(result));
    return result_of(result, input.start, message.frames, input.masked, -1);
}

/* Copies up to `most` bytes from a position in the tail, followed by the chunk. */
static Py_ssize_t
copy_across(const struct input *tail, const struct input *chunk, Py_ssize_t position,
            unsigned char *to, Py_ssize_t most)
{
    Py_ssize_t count = 0;

    for (; count < most && position < tail->size; count++, position++)
        to[count] = tail->bytes[position];
    for (; count < most && position < tail->size + chunk->size; count++, position++)
        to[count] = chunk->bytes[position - tail->size];
    return count;
}

PyObject *
speedups_missing(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct input tail, chunk;
    struct head head;
    unsigned char bytes[MAX_HEAD_LENGTH];
    Py_ssize_t position = 0, count;

    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "takes a tail and a chunk");
        return NULL;
    }
    if (bytes_of(args[0], &tail.bytes, &tail.size) < 0
        || bytes_of(args[1], &chunk.bytes, &chunk.size) < 0)
        return NULL;

    do {
        count = copy_across(&tail, &chunk, position, bytes, MAX_HEAD_LENGTH);
        if (count == 0)
            return PyLong_FromLong(0);
        read_head(bytes, count, &head);
        if (head.size == 0 || head.length > MOST_BYTES || !belongs(head.first, position == 0, 1))
            return PyLong_FromLong(0);
        position += head.size + (Py_ssize_t)head.length;
    } while (position <= tail.size + chunk.size && !(head.first & FIN));

    if (position > tail.size + chunk.size || position < tail.size)
        return PyLong_FromLong(0);
    return PyLong_FromSsize_t(position - tail.size);
}
