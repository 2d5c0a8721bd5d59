/* log: one structured line an event on standard error, journald-friendly ("<6>" priority prefix when not a terminal):
 *   log_info("mail.accepted", { "id", LOG_I64(id) }, { "from", LOG_STR(addr) })
 * prints  event=mail.accepted id=12 from=ana@campus.example   with values quoted and escaped where needed. Never give it
 * passwords, tokens, PINs or message bodies. Thread-safe. */
#pragma once
#include "util/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
struct log_val {
	enum { LOG_V_STR, LOG_V_I64 } type;
	struct str s;
	int64_t i;
};
#define LOG_STR(v) ((struct log_val){ .type = LOG_V_STR, .s = (v) })
#define LOG_Z(v)   ((struct log_val){ .type = LOG_V_STR, .s = str_of(v) })
#define LOG_I64(v) ((struct log_val){ .type = LOG_V_I64, .i = (int64_t)(v) })
struct log_field { const char *key; struct log_val val; };
void log_write(enum log_level level, const char *event, const struct log_field *f, size_t n);
void log_set_level(enum log_level level);
#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__ }), COUNT(((const struct log_field[]){ __VA_ARGS__ }))
#define log_info(event, ...)  log_write(LOG_LEVEL_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...)  log_write(LOG_LEVEL_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, event, LOG_FIELDS(__VA_ARGS__))
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, event, LOG_FIELDS(__VA_ARGS__))
/* usage: log_info("http.start", { "port", LOG_I64(port) }); */
