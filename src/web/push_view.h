/* What the page of Web Push shows: push_pages.c. */
#pragma once
#include "oncall/push.h"
#include "web/page.h"

struct push_view {
	struct str key, e_endpoint; /* applicationServerKey */
	struct push_browser *at;
	size_t n;
};
