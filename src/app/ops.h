/* ops: /healthz with reasons and /metrics in Prometheus text, for the operator's monitoring. */
#pragma once
#include "http/http.h"

extern const struct route ops_routes[];
