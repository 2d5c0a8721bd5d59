/* kb/convert: reStructuredText (docutils) and built HTML (as Sphinx writes it) to a tree of Markdown, for the import.
 * Runs convert.py, which is part of this program, in a Python of its own: an empty environment, limits of memory and
 * time, no inclusion of files, no raw parts. An importer's tool only: a desk that imports neither needs no Python. */
#pragma once
#include "util/arena.h"

/* format: "rst" or "html". `only` as in kb_import. Writes into the folder `to`, which is there and empty. RC_INVALID:
 * the converter is not installed or gave up; its words are in err. */
MUST_USE enum rc kb_convert(struct str format, struct str from, struct str only, struct str to, struct err *err);
/* A folder with all in it; symbolic links are removed, not followed. */
void kb_remove_tree(const char *dir);
