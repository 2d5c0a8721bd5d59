/* The description of the API is valid JSON and names what the routes name. */
#include "api/api_private.h"
#include "test/test.h"

TEST(api_openapi_is_made_of_the_routes)
{
	const struct route *const tables[] = { api_routes, NULL };
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	api_openapi(tables, STR("https://help.example"), &b);
	json_t *doc = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
	EXPECT("it is one JSON document without a member twice", doc != NULL);
	json_t *paths = json_object_get(doc, "paths");
	for (const struct route *r = api_routes; r->path; r++) {
		EXPECT(r->path, json_object_get(paths, r->path) != NULL);
		EXPECT("every answer's schema is described", !r->schema_out || api_schema_known(r->schema_out));
		EXPECT("every API route says what it does", r->doc != NULL && r->cap != CAP_NONE_SET && (r->flags & ROUTE_API));
	}
	json_t *create = json_object_get(json_object_get(json_object_get(paths, "/api/v1/tickets"), "post"), "requestBody");
	EXPECT("the body's required members are named", create != NULL);
	json_decref(doc);
}

TEST(api_route_tables_are_sound)
{
	const struct route *const tables[] = { api_routes, NULL };

	EXPECT_RC(RC_OK, http_check_routes(tables, &t->err));
}
