// SPDX-License-Identifier: Apache-2.0
/* griddle-check: the harness as a program. */
#include "check.h"

#include "base/parallel.h"

#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "griddle-check                                           every entry on the smoke set\n"
    "griddle-check --op 'conv*' --dir bwd_data               only these\n"
    "griddle-check --op conv2d --impl onednn --set bench --bench    right first, then how fast\n"
    "griddle-check --op conv2d --case 'x=1x5x5x8 filters=8 pad=1'   one problem, as tests/cases writes it\n"
    "\n"
    "  --op PATTERN --dir PATTERN --impl PATTERN   names to walk; * and ? as in a shell\n"
    "  --set smoke|models|bench|all                which problems (smoke)\n"
    "  --case TEXT                                 this problem instead of the case file\n"
    "  --seed N                                    of the inputs (1)\n"
    "  --device cpu|cuda                           whose entries (cpu)\n"
    "  --grad                                      backward of the reference against central differences, too\n"
    "  --bench, --threads N, --csv                 time each entry after it was found right\n"
    "  --list                                      entries, and how many problems of the set each takes, of each "
    "type\n";

typedef struct arguments {
    const char *op, *direction, *case_text;
    bool list, gradients;
    check_options options;
} arguments;

static bool parse_set(const char *name, uint32_t *sets)
{
    static const struct {
        const char *name;
        uint32_t sets;
    } known[] = {{"smoke", CHECK_SMOKE}, {"models", CHECK_MODELS}, {"bench", CHECK_BENCH}, {"all", 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) == 0) {
            *sets = known[i].sets;
            return true;
        }
    }
    return false;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == 0 && *number <= most)
        return true;
    fprintf(stderr, "griddle-check: '%s' is no number from 0 to %llu\n", text, (unsigned long long)most);
    return false;
}

static bool open_device(const char *name, const gd_device **device)
{
    gd_error error = {0};
    if (strcmp(name, "cpu") == 0)
        return true;
    if (strcmp(name, "cuda") == 0 && gd_device_open_cuda(device, &error) == GD_OK)
        return true;
    fprintf(stderr, "griddle-check: --device %s: %s\n", name, error.status ? error.message : "known are cpu and cuda");
    return false;
}

/* Returns an exit code, or -1 to go on. */
static int parse_arguments(int argc, char **argv, arguments *a)
{
    static const struct option options[] = {
        {"op", required_argument, 0, 'o'},      {"dir", required_argument, 0, 'd'},
        {"impl", required_argument, 0, 'i'},    {"case", required_argument, 0, 'c'},
        {"set", required_argument, 0, 's'},     {"seed", required_argument, 0, 'n'},
        {"threads", required_argument, 0, 't'}, {"device", required_argument, 0, 'e'},
        {"bench", no_argument, 0, 'b'},         {"csv", no_argument, 0, 'v'},
        {"grad", no_argument, 0, 'g'},          {"list", no_argument, 0, 'l'},
        {"help", no_argument, 0, 'h'},          {0},
    };
    bool bench = false, has_set = false;
    uint64_t threads = (uint64_t)gd_parallel_threads();
    a->options = (check_options){.sets = CHECK_SMOKE, .seed = 1, .device = &gd_device_cpu};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'o':
            a->op = optarg;
            break;
        case 'd':
            a->direction = optarg;
            break;
        case 'i':
            a->options.impl = optarg;
            break;
        case 'c':
            a->case_text = optarg;
            break;
        case 's':
            has_set = true;
            if (!parse_set(optarg, &a->options.sets)) {
                fprintf(stderr, "griddle-check: unknown set '%s'; known are smoke, models, bench, all\n", optarg);
                return 2;
            }
            break;
        case 'n':
            if (!parse_number(optarg, UINT64_MAX, &a->options.seed))
                return 2;
            break;
        case 'e':
            if (!open_device(optarg, &a->options.device))
                return 2;
            break;
        case 't':
            if (!parse_number(optarg, 1024, &threads))
                return 2;
            break;
        case 'b':
            bench = true;
            break;
        case 'v':
            a->options.csv = true;
            break;
        case 'g':
            a->gradients = true;
            break;
        case 'l':
            a->list = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc || (a->case_text && !a->op)) {
        fprintf(stderr, optind < argc ? "griddle-check: unknown word '%s'\n" : "griddle-check: --case needs --op%s\n",
                optind < argc ? argv[optind] : "");
        return 2;
    }
    if (a->case_text)
        a->options.sets = 0;
    else if (bench && !has_set)
        a->options.sets = CHECK_BENCH;
    a->options.timing_threads = bench ? (int)(threads ? threads : 1) : 0;
    return -1;
}

static bool matches(const char *pattern, const char *name) { return !pattern || fnmatch(pattern, name, 0) == 0; }

static void list_entries(const gd_op *op, const check_case *cases, int n_cases, const arguments *a)
{
    printf("%s: %s; %d cases\n", op->name, op->summary, n_cases);
    for (gd_direction d = 0; d < GD_DIRECTIONS; d++) {
        if (!op->direction[d].entries || !matches(a->direction, gd_direction_name(d)))
            continue;
        for (const gd_impl *impl = gd_op_entries(op, d, a->options.device); impl && impl->run; impl++) {
            printf("  %-11s %-12s", gd_direction_name(d), impl->name);
            for (gd_type type = 0; type < GD_TYPES; type++) {
                if (!(impl->types & GD_BIT(type)))
                    continue;
                printf(" %s", check_type_word(type));
                if (type != GD_F64) /* that one is the measure */
                    printf(":%d", check_taken(cases, n_cases, d, type, impl, &a->options));
            }
            printf("%s\n",
                   (impl->needs & a->options.device->features()) == impl->needs ? "" : "  (not on this machine)");
        }
    }
}

static void add(check_count *sum, const check_count *count)
{
    sum->passed += count->passed;
    sum->failed += count->failed;
    sum->refused += count->refused;
    sum->skipped += count->skipped;
}

static void print_count(const char *op, gd_direction d, const char *impl, gd_type type, const check_count *count)
{
    const char *verdict = count->failed ? "FAIL" : count->passed ? "ok" : count->skipped ? "SKIP" : "none";
    printf("%-4s %s.%s.%s.%s: %d passed", verdict, op, gd_direction_name(d), impl, check_type_word(type),
           count->passed);
    if (count->failed)
        printf(", %d failed", count->failed);
    if (count->refused)
        printf(", %d refused by the entry", count->refused);
    if (count->skipped)
        printf(", %d skipped: not on this machine", count->skipped);
    if (count->passed)
        printf(", at most %.2f of the limit", count->worst);
    printf("\n");
    fflush(stdout);
}

static void print_text(FILE *file, gd_text *text)
{
    fputs(text->at ? text->at : "", file);
    fflush(file);
    gd_text_release(text);
}

static gd_status walk_op(const gd_op *op, const check_case *cases, int n, const arguments *a, check_count *total,
                         gd_text *report, gd_text *timings, gd_error *error)
{
    enum { MOST_ENTRIES = 32 };
    for (gd_direction d = 0; d < GD_DIRECTIONS; d++) {
        const gd_impl *list = gd_op_entries(op, d, a->options.device);
        if (!list || !matches(a->direction, gd_direction_name(d)))
            continue;
        for (gd_type type = GD_F32; type <= GD_F16; type++) {
            check_count count[MOST_ENTRIES] = {0};
            GD_TRY(check_direction(cases, n, d, type, &a->options, count, report, timings, error));
            for (int i = 0; list[i].run && i < MOST_ENTRIES; i++) {
                if ((list[i].types & GD_BIT(type)) && matches(a->options.impl, list[i].name) && !a->options.csv)
                    print_count(op->name, d, list[i].name, type, &count[i]);
                add(total, &count[i]);
            }
            if (a->options.csv)
                print_text(stdout, timings); /* who stops reading, or stops us, has what is done */
        }
    }
    if (a->gradients)
        GD_TRY(check_gradients(cases, n, &a->options, total, report, error));
    if (!a->case_text && !a->direction && !a->options.impl && (a->options.sets & CHECK_SMOKE))
        total->failed += check_cases(cases, n, &a->options, report);
    return GD_OK;
}

static gd_status check_op(const gd_op *op, const arguments *a, check_count *total, gd_error *error)
{
    gd_arena arena = {0};
    gd_text report = {0}, timings = {0};
    check_case one, *cases = &one;
    int n = 1;
    gd_status status;
    if (a->case_text) {
        GD_TRY_TO(done, check_case_parse(op, (gd_place){"--case", 1, 1}, a->case_text, &arena, &one, error));
    } else {
        const char *path = gd_arena_printf(&arena, "%s/tests/cases/%s.txt", GRIDDLE_SOURCE, op->name);
        GD_TRY_TO(done, check_cases_read(op, path ? path : "", &arena, &cases, &n, error));
    }
    if (a->list)
        list_entries(op, cases, n, a);
    else
        GD_TRY_TO(done, walk_op(op, cases, n, a, total, &report, &timings, error));
    print_text(a->options.csv ? stderr : stdout, &report);
    print_text(stdout, &timings);
done:
    gd_text_release(&report);
    gd_text_release(&timings);
    gd_arena_release(&arena);
    return status;
}

int main(int argc, char **argv)
{
    arguments a = {0};
    check_count total = {0};
    gd_error error = {0};
    char text[1024];
    int walked = 0, code = parse_arguments(argc, argv, &a);
    if (code >= 0)
        return code;
    if (a.options.csv)
        printf("op,direction,entry,type,mode,problem,threads,median_us,spread_us,runs,gflops,gb_per_s,ratio_to_next\n");
    for (int i = 0; gd_ops[i]; i++) {
        if (!matches(a.op, gd_ops[i]->name))
            continue;
        walked++;
        if (check_op(gd_ops[i], &a, &total, &error) != GD_OK) {
            fprintf(stderr, "griddle-check: %s\n", gd_error_text(&error, text, sizeof text));
            return gd_status_exit_code(error.status);
        }
    }
    if (walked == 0) {
        fprintf(stderr, "griddle-check: no op matches '%s'\n", a.op);
        return 2;
    }
    if (!a.list && !a.options.csv)
        printf("%d passed, %d failed, %d refused, %d skipped\n", total.passed, total.failed, total.refused,
               total.skipped);
    return total.failed ? 1 : 0;
}
