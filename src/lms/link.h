/* lms: what a pasted link or identifier of an Open edX site says. Pure; forms in docs/LINKS.md (opaque keys of the
 * Open edX platform). Tolerates percent-encoding (also doubled), lost plus signs ("course-v1:A B C"), surrounding text.
 */
#pragma once
#include "util/arena.h"

enum lms_app { LMS_UNKNOWN, LMS_LMS, LMS_LEARNING_MFE, LMS_STUDIO, LMS_AUTHORING_MFE };
struct lms_link {
	struct str host;   /* lower case, without port; STR_NULL for a bare identifier */
	enum lms_app app;  /* by path form; the host says more, see site_host.role */
	struct str course; /* course-v1:ORG+COURSE+RUN, or the deprecated org/course/run; without branch and version */
	struct str unit;   /* the deepest usage key: block-v1:ORG+COURSE+RUN+type@T+block@B */
	struct str block_type, block; /* of unit */
	struct str library;           /* library-v1:..., lib:... */
	struct str url;               /* the link itself, cleaned of surrounding space; only http and https */
};
/* RC_OK when a course, unit or library was found, or at least an http(s) URL; RC_INVALID otherwise. */
MUST_USE enum rc lms_parse(struct arena *out, struct str text, struct lms_link *ret, struct err *err);
/* A course id as a person types or pastes it, to canonical form; RC_INVALID when it is none. */
MUST_USE enum rc lms_course(struct arena *out, struct str text, struct str *ret, struct err *err);
