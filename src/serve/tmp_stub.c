#include "serve/access.h"
#include "serve/capture.h"
#include "serve/page.h"
gd_status gd_capture_open(const gd_capture_options *o, gd_capture **c, gd_error *e)
{
    (void)o;
    (void)c;
    return gd_fail(e, GD_UNSUPPORTED, "stub");
}
bool gd_capture_draw(gd_capture *c)
{
    (void)c;
    return false;
}
void gd_capture_put(gd_capture *c, const gd_capture_record *r)
{
    (void)c;
    (void)r;
}
gd_capture_counts gd_capture_count(gd_capture *c)
{
    (void)c;
    return (gd_capture_counts){0};
}
void gd_capture_close(gd_capture *c) { (void)c; }
gd_status gd_access_log_open(const char *p, gd_access_log **c, gd_error *e)
{
    (void)p;
    (void)c;
    return gd_fail(e, GD_UNSUPPORTED, "stub");
}
void gd_access_log_put(gd_access_log *l, const gd_access *a)
{
    (void)l;
    (void)a;
}
gd_status gd_access_log_reopen(gd_access_log *l, gd_error *e)
{
    (void)l;
    (void)e;
    return GD_OK;
}
uint64_t gd_access_log_dropped(gd_access_log *l)
{
    (void)l;
    return 0;
}
void gd_access_log_close(gd_access_log *l) { (void)l; }
const char gd_page[] = "<p>stub";
const size_t gd_page_bytes = sizeof gd_page - 1;
const char gd_page_policy[] = "default-src 'none'";
