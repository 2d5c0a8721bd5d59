/* api: /api/v1, JSON over bearer tokens. The same domain calls as the pages; docs/API.md is for its users, and
 * /api/v1/openapi.json is made from the route tables. */
#pragma once
#include "http/http.h"
#include "util/json.h"

extern const struct route api_routes[];
/* The OpenAPI 3.1 document of all ROUTE_API rows in `routes`. */
void api_openapi(const struct route *const *routes, struct str base_url, struct buf *out);
