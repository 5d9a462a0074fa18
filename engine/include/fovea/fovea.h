/** @file
 * Fovea from C: the whole C API (C99; also valid C++). It does what the C++ API does
 * (fovea/fovea.hpp), with an ABI that stays.
 *
 * @code
 * #include <fovea/fovea.h>
 *
 * fovea_error error;
 * fovea_model* model = NULL;
 * fovea_session* session = NULL;
 * fovea_session_options options = {.struct_size = sizeof options, .context_size = 512};
 * if (fovea_model_load("model.gguf", NULL, &model, &error) != FOVEA_OK ||
 *     fovea_session_create(model, &options, &session, &error) != FOVEA_OK) {
 *   fprintf(stderr, "%s\n", error.message);
 * }
 * fovea_session_free(session);
 * fovea_model_free(model);
 * @endcode
 *
 * What holds for every function:
 *
 * - Errors. A function that can fail returns a fovea_status, FOVEA_OK being 0. Functions that make
 *   something, and those of handles that threads may share, take a fovea_error of the caller, which
 *   may be NULL; a session keeps the text of its own last failure (fovea_session_error). Nothing is
 *   thrown, printed, or logged; nothing aborts or exits. When a function fails, its outputs are set
 *   to NULL or 0 unless it says otherwise.
 * - Null. A NULL where it is not allowed is FOVEA_INVALID_ARGUMENT, or 0, NULL or an empty text
 * from functions that return a plain value. Freeing NULL does nothing.
 * - Option structs begin with struct_size, which the caller sets to sizeof its struct. All other
 *   fields have their default at 0, so `{.struct_size = sizeof options}`, or a NULL pointer, asks
 *   for defaults. A library that is newer than its caller takes missing fields as 0; one that is
 *   older accepts a larger struct whose unknown bytes are all 0 and answers FOVEA_UNSUPPORTED
 *   otherwise. Structs that the library fills follow the same rule: set struct_size first.
 * - Ownership. What *_create and *_load give is freed by *_free of the same name, in any order: a
 *   model lives on inside until its last session is gone. Arrays and texts that are passed in are
 *   copied or used during the call only, unless a function says otherwise. Pointers that come out
 *   belong to the handle.
 * - Threads. Models and tokenizers are immutable and may be used by any number of threads at once.
 *   Every other handle belongs to one thread at a time. There are no global variables.
 * - Callbacks return normally: they must not throw C++ exceptions or leave by longjmp. What they
 * are handed is theirs during the call only.
 * - Text is UTF-8. `char*` inputs end with a zero byte unless a length is passed with them.
 */
#ifndef FOVEA_FOVEA_H_
#define FOVEA_FOVEA_H_

/* NOLINTBEGIN: C, on purpose */
#include "fovea/c/analysis.h"
#include "fovea/c/attention.h"
#include "fovea/c/base.h"
#include "fovea/c/effects.h"
#include "fovea/c/generate.h"
#include "fovea/c/influence.h"
#include "fovea/c/model.h"
#include "fovea/c/operators.h"
#include "fovea/c/quantize.h"
#include "fovea/c/session.h"
#include "fovea/c/text.h"
/* NOLINTEND */

#endif /* FOVEA_FOVEA_H_ */
