/* EventEmitter.emit() and the functions of delivery.py, which documents them, in C. Both versions pass
   spec/driver/hybi/delivery_spec.py. */

#include "speedups.h"

PyObject *
value_of(PyObject *dict, PyObject *key)
{
    PyObject *value = NULL;

#ifdef Py_GIL_DISABLED
    PyDict_GetItemRef(dict, key, &value);
#else
    value = PyDict_GetItemWithError(dict, key);
    Py_XINCREF(value);
#endif
    return value;
}

/* Handles the result of a listener, and releases it; NULL means an exception. */
static int
accept_result(PyObject *emitter, PyObject *listener, PyObject *result)
{
    PyObject *nothing = result;

    if (result == NULL)
        return -1;
    if (result != Py_None && result != Py_True && result != Py_False) {
        nothing = PyObject_CallMethodObjArgs(emitter, names.returned, listener, result, NULL);
        Py_DECREF(result);
    }
    Py_XDECREF(nothing);
    return nothing == NULL ? -1 : 0;
}

/* Calls the listeners in a tuple, with the argument if it is not NULL. */
static int
call_listeners(PyObject *emitter, PyObject *listeners, PyObject *argument)
{
    Py_ssize_t i, count = PyTuple_Size(listeners);
    PyObject *listener, *result;

    for (i = 0; i < count; i++) {
        listener = PyTuple_GetItem(listeners, i);
        if (argument == NULL)
            result = PyObject_CallNoArgs(listener);
        else
            result = PyObject_CallFunctionObjArgs(listener, argument, NULL);
        if (accept_result(emitter, listener, result) < 0)
            return -1;
    }
    return count < 0 ? -1 : 0;
}

/* Whether an event without listeners can be ignored: it is not `error`, and has no other spelling. */
static int
is_unheard(PyObject *emitter, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    PyObject *others, *other;
    int is_error;

    if ((nargs != 1 && nargs != 2) || keywords != NULL || !PyUnicode_Check(args[0]))
        return 0;
    is_error = PyUnicode_CompareWithASCIIString(args[0], "error") == 0;
    others = PyObject_GetAttr(emitter, names.event_names);
    if (is_error || others == NULL || !PyDict_Check(others)) {
        Py_XDECREF(others);
        return PyErr_Occurred() != NULL;
    }
    other = value_of(others, args[0]);
    Py_DECREF(others);
    Py_XDECREF(other);
    return other == NULL;
}

static PyObject *
emitter_emit(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    PyObject *table, *listeners = NULL;
    int failed;

    if ((nargs == 1 || nargs == 2) && keywords == NULL) {
        table = PyObject_GetAttr(self, names.table);
        if (table == NULL)
            return NULL;
        listeners = value_of(table, args[0]);
        Py_DECREF(table);
        if (listeners == NULL && PyErr_Occurred())
            return NULL;
    }
    if (listeners == NULL && is_unheard(self, args, nargs, keywords))
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_False);
    if (listeners == NULL)
        return call_with(self, names.emit_otherwise, args, nargs, keywords);

    failed = call_listeners(self, listeners, nargs == 2 ? args[1] : NULL);
    Py_DECREF(listeners);
    return failed ? NULL : Py_NewRef(Py_True);
}

static PyMethodDef emit_definition = {
    "emit", (PyCFunction)(void (*)(void))emitter_emit, METH_FASTCALL | METH_KEYWORDS,
    "emit($self, event, argument=None, /, *more, **named)\n--\n\n"
    "Calls the listeners of `event` in the order in which they were added; true if any.\n\n"
    "Exceptions from listeners propagate. `error` without a listener raises its argument.",
};

PyObject *
speedups_emit_of(PyObject *module, PyObject *type)
{
    return method_of(type, &emit_definition);
}

/* The recipients of deliver(). `table` is NULL if the emit() of the driver was replaced. */
struct receivers {
    PyObject *driver, *stream, *event_type, *table;
};

/* Finds the table of listeners of a driver, unless a subclass or the object itself has replaced its
   emit(). */
static int
find_table(struct receivers *to)
{
    PyObject *emit = PyObject_GetAttr(to->driver, names.emit);
    int ours;

    to->table = NULL;
    if (emit == NULL)
        return -1;
    ours = Py_TYPE(emit) == &PyCFunction_Type
           && PyCFunction_GetFunction(emit) == emit_definition.ml_meth
           && PyCFunction_GetSelf(emit) == to->driver;
    Py_DECREF(emit);
    if (ours)
        to->table = PyObject_GetAttr(to->driver, names.table);
    return ours && to->table == NULL ? -1 : 0;
}

/* Whether an attribute of an object equals the number. */
static int
is_number(PyObject *object, PyObject *name, long number)
{
    PyObject *value = PyObject_GetAttr(object, name);
    long found = value == NULL ? -1 : PyLong_AsLong(value);

    Py_XDECREF(value);
    return found == -1 && PyErr_Occurred() ? -1 : found == number;
}

/* Makes an event for the message, without calling its __init__(). */
static PyObject *
event_of(PyObject *event_type, PyObject *message)
{
    PyObject *event = PyType_GenericAlloc((PyTypeObject *)event_type, 0);

    if (event != NULL && PyObject_SetAttr(event, names.data, message) < 0)
        Py_CLEAR(event);
    return event;
}

/* Emits a message on the stream. */
static int
emit_on_stream(PyObject *stream, PyObject *message)
{
    PyObject *readable = PyObject_GetAttr(stream, names.readable), *result;
    int is_readable = readable == NULL ? -1 : PyObject_IsTrue(readable);

    Py_XDECREF(readable);
    if (is_readable <= 0)
        return is_readable;
    result = PyObject_CallMethodObjArgs(stream, names.emit, names.data, message, NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Emits a message, on the stream first. */
static int
deliver_one(const struct receivers *to, PyObject *message)
{
    PyObject *event, *listeners = NULL, *result = NULL;
    int failed = 0;

    if (to->stream != Py_None && emit_on_stream(to->stream, message) < 0)
        return -1;
    if (to->table != NULL) {
        listeners = value_of(to->table, names.message);
        if (listeners == NULL)
            return PyErr_Occurred() ? -1 : 0;
    }

    event = event_of(to->event_type, message);
    if (event == NULL) {
        failed = -1;
    } else if (listeners != NULL) {
        failed = call_listeners(to->driver, listeners, event);
    } else {
        result = PyObject_CallMethodObjArgs(to->driver, names.emit, names.message, event, NULL);
        failed = result == NULL ? -1 : 0;
    }
    Py_XDECREF(result);
    Py_XDECREF(event);
    Py_XDECREF(listeners);
    return failed;
}

PyObject *
speedups_deliver(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    struct receivers to;
    PyObject *message;
    int is_open = 1, failed = 0;

    if (nargs != 4 || !PyType_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "takes messages, a driver, a stream and a class");
        return NULL;
    }
    to.driver = args[1];
    to.stream = args[2];
    to.event_type = args[3];
    if (find_table(&to) < 0)
        return NULL;

    while (!failed && is_open && (message = PyIter_Next(args[0])) != NULL) {
        is_open = is_number(to.driver, names.ready_state, OPEN);
        failed = is_open < 0 || (is_open && deliver_one(&to, message) < 0);
        Py_DECREF(message);
    }
    Py_XDECREF(to.table);
    return failed || PyErr_Occurred() ? NULL : PyBool_FromLong(is_open);
}
