/* The OpenAPI 3.1 document, from the same rows that route the requests. */
#include "api/api_private.h"

static const char *const methods[] = { [HTTP_GET] = "get", [HTTP_POST] = "post", [HTTP_PUT] = "put", [HTTP_PATCH] = "patch", [HTTP_DELETE] = "delete" };

static void type(struct json *j, const struct field *f)
{
	json_obj(j);
	switch (f->type) {
	case FIELD_INT:
		json_kstr(j, "type", STR("integer"));
		if (f->max)
			json_ki64(j, "maximum", f->max);
		break;
	case FIELD_BOOL:
		json_kstr(j, "type", STR("boolean"));
		break;
	case FIELD_JSON:
		json_kstr(j, "type", STR("array"));
		json_key(j, "items");
		json_obj(j);
		json_kstr(j, "type", STR("object"));
		json_end_obj(j);
		break;
	case FIELD_CHOICE: {
		struct str rest = str_of(f->choices), one;

		json_kstr(j, "type", STR("string"));
		json_key(j, "enum");
		json_arr(j);
		while (str_cut(&rest, '|', &one))
			json_str(j, one);
		json_end_arr(j);
		break;
	}
	case FIELD_TEXT:
	case FIELD_LINES:
	case FIELD_EMAIL:
	case FIELD_FILE:
		json_kstr(j, "type", STR("string"));
		json_ki64(j, "maxLength", f->max ? f->max : 1000);
		break;
	}
	if (f->doc)
		json_kstr(j, "description", str_of(f->doc));
	json_end_obj(j);
}

static void parameters(struct json *j, const struct route *r)
{
	struct str rest = str_of(r->path), part;

	json_key(j, "parameters");
	json_arr(j);
	while (str_cut(&rest, '/', &part))
		if (part.n > 2 && part.p[0] == '{') {
			json_obj(j);
			json_kstr(j, "name", str_sub(part, 1, part.n - 2));
			json_kstr(j, "in", STR("path"));
			json_kbool(j, "required", true);
			json_key(j, "schema");
			json_obj(j);
			json_kstr(j, "type", STR("string"));
			json_end_obj(j);
			json_end_obj(j);
		}
	bool in_query = r->method == HTTP_GET || (r->flags & ROUTE_RAW);
	for (const struct field *f = in_query ? r->fields : NULL; f && f->name; f++) {
		json_obj(j);
		json_kstr(j, "name", str_of(f->name));
		json_kstr(j, "in", STR("query"));
		json_kbool(j, "required", f->required);
		json_key(j, "schema");
		type(j, f);
		json_end_obj(j);
	}
	if (r->method != HTTP_GET && !(r->flags & ROUTE_RAW)) {
		json_obj(j);
		json_kstr(j, "name", STR("Idempotency-Key"));
		json_kstr(j, "in", STR("header"));
		json_kstr(j, "description", STR("The same key and body again gets the first answer instead of a second effect"));
		json_key(j, "schema");
		json_obj(j);
		json_kstr(j, "type", STR("string"));
		json_ki64(j, "maxLength", 200);
		json_end_obj(j);
		json_end_obj(j);
	}
	json_end_arr(j);
}

static void content(struct json *j, const char *media)
{
	json_key(j, "content");
	json_obj(j);
	json_key(j, media);
	json_obj(j);
	json_key(j, "schema");
}

static void body(struct json *j, const struct route *r)
{
	bool any = false;

	json_key(j, "requestBody");
	json_obj(j);
	if (r->flags & ROUTE_RAW) {
		content(j, "application/octet-stream");
		json_obj(j);
		json_end_obj(j);
	} else {
		content(j, "application/json");
		json_obj(j);
		json_kstr(j, "type", STR("object"));
		json_key(j, "properties");
		json_obj(j);
		for (const struct field *f = r->fields; f && f->name; f++) {
			json_key(j, f->name);
			type(j, f);
			any |= f->required;
		}
		json_end_obj(j);
		if (any) {
			json_key(j, "required");
			json_arr(j);
			for (const struct field *f = r->fields; f && f->name; f++)
				if (f->required)
					json_str(j, str_of(f->name));
			json_end_arr(j);
		}
		json_end_obj(j);
	}
	json_end_obj(j);
	json_end_obj(j);
	json_end_obj(j);
}

static void response(struct json *j, const char *status, const char *what, const char *media, const char *schema)
{
	json_key(j, status);
	json_obj(j);
	json_kstr(j, "description", str_of(what));
	if (media) {
		content(j, media);
		json_obj(j);
		if (schema) {
			AUTO_BUF ref;

			buf_init(&ref, 200);
			buf_addf(&ref, "#/components/schemas/%s", schema);
			json_kstr(j, "$ref", buf_str(&ref));
		}
		json_end_obj(j);
		json_end_obj(j);
		json_end_obj(j);
	}
	json_end_obj(j);
}

/* POST to a list makes one of it; POST to a verb changes what is there. */
static bool makes(const struct route *r)
{
	return r->method == HTTP_POST && str_ends(str_of(r->path), STR("s"));
}

static void operation(struct json *j, const struct route *r)
{
	json_key(j, methods[r->method]);
	json_obj(j);
	json_kstr(j, "summary", str_of(r->doc));
	parameters(j, r);
	if (r->method != HTTP_GET && (r->fields || (r->flags & ROUTE_RAW)))
		body(j, r);
	json_key(j, "responses");
	json_obj(j);
	if (r->method == HTTP_GET && r->schema_out)
		response(j, "304", "Not changed since the ETag in If-None-Match", NULL, NULL);
	response(j, makes(r) ? "201" : "200", "Done", r->schema_out || r->cap == CAP_PUBLIC ? "application/json" : "*/*", r->schema_out);
	response(j, "default", "What went wrong, as a problem document (RFC 9457)", "application/problem+json", "Problem");
	json_end_obj(j);
	if (r->cap == CAP_PUBLIC) {
		json_key(j, "security");
		json_arr(j);
		json_end_arr(j);
	}
	json_end_obj(j);
}

static bool same_path(const struct route *a, const struct route *b)
{
	return strcmp(a->path, b->path) == 0;
}

static void paths(struct json *j, const struct route *const *tables)
{
	json_key(j, "paths");
	json_obj(j);
	for (; *tables; tables++)
		for (const struct route *r = *tables; r->path; r++) {
			bool seen = false;

			for (const struct route *p = *tables; p < r; p++)
				seen |= same_path(p, r);
			if (!(r->flags & ROUTE_API) || seen)
				continue;
			json_key(j, r->path);
			json_obj(j);
			for (const struct route *p = r; p->path; p++)
				if (same_path(p, r))
					operation(j, p);
			json_end_obj(j);
		}
	json_end_obj(j);
}

void api_openapi(const struct route *const *tables, struct str base_url, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_obj(&j);
	json_kstr(&j, "openapi", STR("3.1.0"));
	json_key(&j, "info");
	json_obj(&j);
	json_kstr(&j, "title", STR("Carrel"));
	json_kstr(&j, "version", STR("1"));
	json_end_obj(&j);
	json_key(&j, "servers");
	json_arr(&j);
	json_obj(&j);
	json_kstr(&j, "url", base_url);
	json_end_obj(&j);
	json_end_arr(&j);
	json_key(&j, "security");
	json_arr(&j);
	json_obj(&j);
	json_key(&j, "bearer");
	json_arr(&j);
	json_end_arr(&j);
	json_end_obj(&j);
	json_end_arr(&j);
	paths(&j, tables);
	json_key(&j, "components");
	json_obj(&j);
	json_key(&j, "securitySchemes");
	json_obj(&j);
	json_key(&j, "bearer");
	json_obj(&j);
	json_kstr(&j, "type", STR("http"));
	json_kstr(&j, "scheme", STR("bearer"));
	json_end_obj(&j);
	json_end_obj(&j);
	api_schemas(&j);
	json_end_obj(&j);
	json_end_obj(&j);
}

enum rc api_openapi_get(struct req *q, struct resp *r)
{
	const struct route *const tables[] = { api_routes, NULL };

	api_openapi(tables, api_desk(q)->config.base_url, r->body);
	return resp_json(r, 200);
}
