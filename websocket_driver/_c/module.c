/* The module `_speedups`: the compiled part of websocket_driver. */

#include "speedups.h"

struct names names;

static int
make_names(void)
{
    const struct {
        PyObject **name;
        const char *text;
    } all[] = {
        {&names.binary, "binary"},
        {&names.binary_otherwise, "_binary_otherwise"},
        {&names.data, "data"},
        {&names.direct, "_direct"},
        {&names.emit, "emit"},
        {&names.emit_otherwise, "_emit_otherwise"},
        {&names.event_names, "_EVENT_NAMES"},
        {&names.frame, "frame"},
        {&names.frame_otherwise, "_frame_otherwise"},
        {&names.header_otherwise, "_header_otherwise"},
        {&names.headers, "headers"},
        {&names.io, "_io"},
        {&names.known_names, "KNOWN_NAMES"},
        {&names.message, "message"},
        {&names.next_key, "_next_key"},
        {&names.readable, "readable"},
        {&names.ready_state, "ready_state"},
        {&names.remaining, "remaining"},
        {&names.returned, "_returned"},
        {&names.table, "_table"},
        {&names.text, "text"},
        {&names.text_otherwise, "_text_otherwise"},
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

PyObject *
call_with(PyObject *object, PyObject *name, PyObject *const *args, Py_ssize_t nargs,
          PyObject *keywords)
{
    Py_ssize_t i, count = keywords == NULL ? 0 : PyTuple_Size(keywords);
    PyObject *positional = PyTuple_New(nargs), *named = count ? PyDict_New() : NULL;
    PyObject *method = PyObject_GetAttr(object, name), *result = NULL;
    int failed = positional == NULL || (count && named == NULL) || method == NULL;

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

PyObject *
method_of(PyObject *type, PyMethodDef *definition)
{
    if (!PyType_Check(type)) {
        PyErr_Format(PyExc_TypeError, "%s_of() takes a class", definition->ml_name);
        return NULL;
    }
    return PyDescr_NewMethod((PyTypeObject *)type, definition);
}

#define FUNCTION(name) {#name, (PyCFunction)(void (*)(void))speedups_##name, METH_FASTCALL, NULL}

static PyMethodDef methods[] = {
    FUNCTION(deliver),
    FUNCTION(make_frame),
    FUNCTION(mask),
    FUNCTION(missing),
    FUNCTION(take_fragments),
    FUNCTION(take_messages),
    {"binary_of", speedups_binary_of, METH_O, NULL},
    {"emit_of", speedups_emit_of, METH_O, NULL},
    {"frame_of", speedups_frame_of, METH_O, NULL},
    {"on_header_of", speedups_on_header_of, METH_O, NULL},
    {"text_of", speedups_text_of, METH_O, NULL},
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
