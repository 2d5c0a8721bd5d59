#!/usr/bin/env python3
"""Writes migrations.c from sql/NNNN_name.sql: embed_sql.py OUT FILE..."""
import os, sys

def literal(text):
    return '\n'.join('\t"%s\\n"' % line.replace('\\', '\\\\').replace('"', '\\"') for line in text.split('\n'))

out, files = sys.argv[1], sorted(sys.argv[2:], key=os.path.basename)
with open(out, 'w') as f:
    f.write('/* Generated from sql/ by tools/embed_sql.py. */\n#include "db/migrate.h"\n\nconst struct migration migrations[] = {\n')
    for n, path in enumerate(files, 1):
        name = os.path.basename(path)[:-4]
        if int(name[:4]) != n:
            sys.exit(f'{path}: migrations are numbered without gaps, this one must be {n:04d}')
        f.write('{ %d, "%s",\n%s },\n' % (n, name[5:], literal(open(path).read().rstrip('\n'))))
    f.write('{ 0, NULL, NULL },\n};\n')
