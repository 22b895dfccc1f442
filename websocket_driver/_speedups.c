/* The functions of emitter.py and delivery.py, compiled. They do the same: see there, and
   spec/delivery_spec.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

/* The names of attributes that are looked up for each event, made once. */
static struct {
    PyObject *data, *emit, *emit_otherwise, *message, *readable, *ready_state, *returned, *table;
} names;

/* The number of the state in which messages are emitted: states.OPEN. */
enum { OPEN = 1 };

static int
make_names(void)
{
    const struct {
        PyObject **name;
        const char *text;
    } all[] = {
        {&names.data, "data"},         {&names.emit, "emit"},
        {&names.message, "message"},   {&names.emit_otherwise, "_emit_otherwise"},
        {&names.readable, "readable"}, {&names.ready_state, "ready_state"},
        {&names.returned, "_returned"}, {&names.table, "_table"},
    };
    size_t i;

    for (i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i].name == NULL)
            *all[i].name = PyUnicode_InternFromString(all[i].text);
        if (*all[i].name == NULL)
            return -1;
    }
    return 0;
}

/* The value of a key as a new reference, or NULL, without an exception if there is none. */
static PyObject *
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

/* Handles what a listener returned, and lets go of it; NULL is an exception. */
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

/* Calls _emit_otherwise() with all arguments of emit(). */
static PyObject *
emit_otherwise(PyObject *emitter, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    Py_ssize_t i, count = keywords == NULL ? 0 : PyTuple_Size(keywords);
    PyObject *positional = PyTuple_New(nargs), *named = PyDict_New();
    PyObject *method = PyObject_GetAttr(emitter, names.emit_otherwise), *result = NULL;
    int failed = positional == NULL || named == NULL || method == NULL;

    for (i = 0; !failed && i < nargs; i++)
        failed = PyTuple_SetItem(positional, i, Py_NewRef(args[i])) < 0;
    for (i = 0; !failed && i < count; i++)
        failed = PyDict_SetItem(named, PyTuple_GetItem(keywords, i), args[nargs + i]) < 0;
    if (!failed)
        result = PyObject_Call(method, positional, named);

    Py_XDECREF(method);
    Py_XDECREF(named);
    Py_XDECREF(positional);
    return result;
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
    if (listeners == NULL)
        return emit_otherwise(self, args, nargs, keywords);

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

static PyObject *
speedups_emit_of(PyObject *module, PyObject *type)
{
    if (!PyType_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "emit_of() takes a class");
        return NULL;
    }
    return PyDescr_NewMethod((PyTypeObject *)type, &emit_definition);
}

/* What deliver() gives messages to. `table` is NULL if the emit() of the driver is not ours. */
struct receivers {
    PyObject *driver, *stream, *event_type, *table;
};

/* Finds the table of listeners of a driver whose emit() neither a subclass nor the object itself
   has replaced. */
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

/* Whether an attribute of an object is the number. */
static int
is_number(PyObject *object, PyObject *name, long number)
{
    PyObject *value = PyObject_GetAttr(object, name);
    long found = value == NULL ? -1 : PyLong_AsLong(value);

    Py_XDECREF(value);
    return found == -1 && PyErr_Occurred() ? -1 : found == number;
}

/* An event with the message in it, made without its __init__(). */
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

static PyObject *
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

static PyMethodDef methods[] = {
    {"deliver", (PyCFunction)(void (*)(void))speedups_deliver, METH_FASTCALL, NULL},
    {"emit_of", speedups_emit_of, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int
execute(PyObject *module)
{
    return make_names();
}

/* Interpreters that share the GIL share the names too; one with a GIL of its own (from Python 3.12
   on, which is when the slot appeared) uses the functions in Python. The functions lock nothing:
   tables of listeners are replaced, never changed. */
enum { MULTIPLE_INTERPRETERS = 3 };

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)execute},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}, /* MULTIPLE_INTERPRETERS: not supported */
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "websocket_driver._speedups", NULL, 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__speedups(void)
{
    const char *version = Py_GetVersion(); /* 3.10 is the oldest, and has two digits */

    if (version[0] > '3' || version[2] > '1' || version[3] >= '2')
        slots[sizeof slots / sizeof *slots - 2].slot = MULTIPLE_INTERPRETERS;
    return PyModuleDef_Init(&definition);
}
