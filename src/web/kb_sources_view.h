/* What the page of sources shows. */
#pragma once
#include "kb/source.h"
#include "web/page.h"

struct kb_sources {
	struct page *p;
	struct kb_source *at;
	size_t n;
};
