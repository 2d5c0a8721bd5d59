// @ts-check
/* What scripts add for customers to pages that work without them. */
import { details } from './_details.js';
import { drafts } from './_draft.js';
import { files } from './_files.js';
import { finds } from './_find.js';
import { forms } from './_form.js';

drafts();
forms();
files();
details();
finds();
