#include "serve/page.h"
const char gd_page[] = "<p>stub";
const size_t gd_page_bytes = sizeof gd_page - 1;
const char gd_page_policy[] = "default-src 'none'";
