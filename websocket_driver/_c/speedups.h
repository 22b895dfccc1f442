/* The declarations that the files of the compiled part share. */

#ifndef WEBSOCKET_DRIVER_SPEEDUPS_H
#define WEBSOCKET_DRIVER_SPEEDUPS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* The number of the state in which messages are sent and emitted: states.OPEN. */
enum { OPEN = 1 };

enum { WHOLE_TEXT = 0x81, WHOLE_BINARY = 0x82, KEY_SIZE = 4 };

/* The names of attributes and arguments, created once. */
extern struct names {
    PyObject *binary, *binary_otherwise, *data, *direct, *emit, *emit_otherwise, *event_names, *frame;
    PyObject *frame_otherwise, *header_otherwise, *headers, *io, *known_names, *message, *next_key;
    PyObject *readable, *ready_state, *remaining, *returned, *table, *text, *text_otherwise;
} names;

/* The payload of a frame, still masked if there is a key. */
struct payload {
    const unsigned char *bytes, *key;
    Py_ssize_t size, end;
};

/* Calls a method with arguments as METH_FASTCALL | METH_KEYWORDS passes them. */
PyObject *call_with(PyObject *object, PyObject *name, PyObject *const *args, Py_ssize_t nargs,
                    PyObject *keywords);

/* A method of a class. */
PyObject *method_of(PyObject *type, PyMethodDef *definition);

/* Returns a new reference to the value of a key. NULL without an exception means that it is missing. */
PyObject *value_of(PyObject *dict, PyObject *key);

/* Finds the bytes of a bytes object. */
int bytes_of(PyObject *object, const unsigned char **bytes, Py_ssize_t *size);

/* Copies a payload, unmasked or masked by its key if it has one. */
void copy_payload(unsigned char *to, const struct payload *payload);

/* Finds the bytes of a masking key. */
int key_of(PyObject *object, const unsigned char **key);

/* Finds the bytes of a message as they are sent. Returns a new reference to the object that owns
   them. */
PyObject *data_of(PyObject *message, struct payload *payload);

/* The bytes of a frame. */
PyObject *frame_of(int first, const struct payload *payload);

/* The functions of the module. */
PyObject *speedups_binary_of(PyObject *module, PyObject *type);
PyObject *speedups_deliver(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *speedups_emit_of(PyObject *module, PyObject *type);
PyObject *speedups_frame_of(PyObject *module, PyObject *type);
PyObject *speedups_make_frame(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *speedups_mask(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *speedups_missing(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *speedups_on_header_of(PyObject *module, PyObject *type);
PyObject *speedups_take_fragments(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *speedups_take_messages(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *speedups_text_of(PyObject *module, PyObject *type);

#endif
