/* Head.on_header() of http_parser.py in C, for the first header of each name that a handshake has. */

#include "speedups.h"

static int
is_space(unsigned char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The text of a value, without the white space around it (RFC 9110 5.6.3). */
static PyObject *
text_of_value(PyObject *value)
{
    const unsigned char *bytes;
    Py_ssize_t size;

    if (bytes_of(value, &bytes, &size) < 0)
        return NULL;
    for (; size > 0 && is_space(bytes[size - 1]); size--)
        ;
    for (; size > 0 && is_space(*bytes); size--)
        bytes++;
    return PyUnicode_DecodeLatin1((const char *)bytes, size, NULL);
}

/* Counts a header. Returns 0 if there may be no more, or too many to count here; or -1 with an
   exception. */
static int
count_header(PyObject *head)
{
    PyObject *remaining = PyObject_GetAttr(head, names.remaining), *less;
    long long number = -1;
    int overflow = 0, failed;

    if (remaining != NULL)
        number = PyLong_AsLongLongAndOverflow(remaining, &overflow);
    Py_XDECREF(remaining);
    if (number <= 0)
        return PyErr_Occurred() ? -1 : 0;
    less = PyLong_FromLongLong(number - 1);
    failed = less == NULL || PyObject_SetAttr(head, names.remaining, less) < 0;
    Py_XDECREF(less);
    return failed ? -1 : 1;
}

/* Adds a header. Returns 0 if its name has a value already, or -1 with an exception. */
static int
add_header(PyObject *head, PyObject *name, PyObject *value)
{
    PyObject *headers = PyObject_GetAttr(head, names.headers), *text;
    int done = headers == NULL ? -1 : PyDict_Contains(headers, name);

    if (done == 0)
        done = count_header(head);
    else if (done > 0)
        done = 0;
    if (done > 0) {
        text = text_of_value(value);
        if (text == NULL || PyDict_SetItem(headers, name, text) < 0)
            done = -1;
        Py_XDECREF(text);
    }
    Py_XDECREF(headers);
    return done;
}

static PyObject *
head_on_header(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *keywords)
{
    PyObject *known, *name = NULL;
    int done = 0;

    if (nargs == 2 && keywords == NULL) {
        known = PyObject_GetAttr(self, names.known_names);
        if (known == NULL)
            return NULL;
        name = value_of(known, args[0]);
        Py_DECREF(known);
    }
    if (name != NULL)
        done = add_header(self, name, args[1]);
    Py_XDECREF(name);
    if (done < 0 || PyErr_Occurred())
        return NULL;
    if (done == 0)
        return call_with(self, names.header_otherwise, args, nargs, keywords);
    return Py_NewRef(Py_None);
}

static PyMethodDef on_header_definition = {
    "on_header", (PyCFunction)(void (*)(void))head_on_header, METH_FASTCALL | METH_KEYWORDS,
    "on_header($self, name, value)\n--\n\nA header line.",
};

PyObject *
speedups_on_header_of(PyObject *module, PyObject *type)
{
    return method_of(type, &on_header_definition);
}
