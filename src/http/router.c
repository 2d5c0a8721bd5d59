/* Decides which route a path and method belong to. The tables are compiled at start into a tree of path segments; a
 * literal segment beats a parameter, a parameter beats {rest...}, and a branch that leads nowhere is left again. The
 * tree is read-only afterwards and shared by all threads. */
#include "http/impl.h"

struct entry {
	const struct route *route;
	struct str names[MAX_PARAMS];
	size_t n;
};
struct node {
	struct str literal;
	VEC(struct node *) children;
	struct node *param, *rest;
	const struct entry *by_method[N_METHODS];
};
struct router {
	struct node *root;
};

static enum rc segment_child(struct arena *a, struct node **at, struct str seg, bool last, struct entry *e,
                             struct err *err)
{
	struct node *n = *at;
	if (seg.n && seg.p[0] == '{') {
		bool rest = str_ends(seg, STR("...}"));
		if (seg.p[seg.n - 1] != '}' || seg.n < 3 || (rest && (!last || seg.n < 6)) || e->n == MAX_PARAMS)
			return fail(err, RC_FAULT, "route %s: the parameter \"" STR_F "\" is not well-formed",
			            e->route->path, STR_A(seg));
		e->names[e->n++] = str_sub(seg, 1, seg.n - (rest ? 5 : 2));
		struct node **slot = rest ? &n->rest : &n->param;
		if (!*slot)
			*slot = arena_new(a, struct node);
		*at = *slot;
		return RC_OK;
	}
	if (str_empty(seg) || str_find_byte(seg, '{') != STR_NONE)
		return fail(err, RC_FAULT, "route %s: a segment is empty or mixes text and a parameter",
		            e->route->path);
	for (size_t i = 0; i < n->children.n; i++) {
		if (str_eq(n->children.at[i]->literal, seg)) {
			*at = n->children.at[i];
			return RC_OK;
		}
	}
	struct node *child = arena_new(a, struct node);
	child->literal = seg;
	*VEC_ADD(a, &n->children) = child;
	*at = child;
	return RC_OK;
}

static enum rc add_route(struct arena *a, struct router *r, const struct route *route, struct err *err)
{
	if (route->path[0] != '/')
		return fail(err, RC_FAULT, "route %s: a path begins with a slash", route->path);
	if (route->cap == CAP_NONE_SET)
		return fail(err, RC_FAULT, "route %s: no capability is set", route->path);
	if (!route->handle || (unsigned)route->method >= N_METHODS)
		return fail(err, RC_FAULT, "route %s: no handler or no method", route->path);
	if ((route->flags & ROUTE_API) && (!route->doc || !route->doc[0]))
		return fail(err, RC_FAULT, "route %s: an API route needs its sentence for the OpenAPI file",
		            route->path);
	struct entry *e = arena_new(a, struct entry);
	e->route = route;
	struct node *at = r->root;
	struct str rest = str_of(route->path + 1), seg;
	while (str_cut(&rest, '/', &seg)) {
		enum rc rc = segment_child(a, &at, seg, str_empty(rest), e, err);
		if (rc != RC_OK)
			return rc;
	}
	if (at->by_method[route->method])
		return fail(err, RC_FAULT, "routes %s and %s are the same", route->path,
		            at->by_method[route->method]->route->path);
	at->by_method[route->method] = e;
	return RC_OK;
}

enum rc router_make(struct arena *a, const struct route *const *routes, struct router **ret, struct err *err)
{
	struct router *r = arena_new(a, struct router);
	r->root = arena_new(a, struct node);
	for (; routes && *routes; routes++) {
		for (const struct route *one = *routes; one->path; one++) {
			enum rc rc = add_route(a, r, one, err);
			if (rc != RC_OK)
				return rc;
		}
	}
	*ret = r;
	return RC_OK;
}

enum rc http_check_routes(const struct route *const *routes, struct err *err)
{
	AUTO_ARENA a;
	arena_init(&a);
	struct router *r;
	return router_make(&a, routes, &r, err);
}

struct search {
	enum http_method method;
	const struct str *segs;
	size_t n;
	struct match *m;
	const struct entry *found;
	struct str values[MAX_PARAMS];
	struct arena *a;
};

static bool take(struct search *s, const struct node *n, size_t n_values)
{
	for (int i = 0; i < N_METHODS; i++)
		if (n->by_method[i])
			s->m->allow |= 1u << i;
	const struct entry *e = n->by_method[s->method];
	if (!e)
		return false;
	s->m->route = e->route;
	s->m->names = e->names;
	s->m->n = n_values;
	memcpy(s->m->values, s->values, sizeof s->values);
	return true;
}

/* {rest...}: the segments from i on, joined again; one that holds a slash as data would change the meaning. */
static bool take_rest(struct search *s, const struct node *n, size_t i, size_t n_values)
{
	size_t bytes = 0;
	for (size_t k = i; k < s->n; k++) {
		if (str_find_byte(s->segs[k], '/') != STR_NONE)
			return false;
		bytes += s->segs[k].n + 1;
	}
	char *to = arena_alloc(s->a, bytes + 1);
	size_t at = 0;
	for (size_t k = i; k < s->n; k++) {
		if (k > i)
			to[at++] = '/';
		memcpy(to + at, s->segs[k].p, s->segs[k].n);
		at += s->segs[k].n;
	}
	s->values[n_values] = (struct str){ to, at };
	return take(s, n, n_values + 1);
}

static bool walk(struct search *s, const struct node *n, size_t i, size_t n_values)
{
	if (i == s->n)
		return take(s, n, n_values);
	for (size_t c = 0; c < n->children.n; c++)
		if (str_eq(n->children.at[c]->literal, s->segs[i]) && walk(s, n->children.at[c], i + 1, n_values))
			return true;
	if (n->param && n_values < MAX_PARAMS) {
		s->values[n_values] = s->segs[i];
		if (walk(s, n->param, i + 1, n_values + 1))
			return true;
	}
	return n->rest && n_values < MAX_PARAMS && take_rest(s, n->rest, i, n_values);
}

void router_match(const struct router *r, enum http_method method, const struct str *segs, size_t n, struct match *m,
                  struct arena *a)
{
	struct search s = { .method = method, .segs = segs, .n = n, .m = m, .a = a };
	*m = (struct match){ 0 };
	walk(&s, r->root, 0, 0);
}
