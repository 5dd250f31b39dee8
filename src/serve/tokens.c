// SPDX-License-Identifier: Apache-2.0
#include "serve/tokens.h"

#include "base/file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST = 16, MOST_BYTES = 1 << 20 };

typedef struct token {
    const char *text;
    size_t length;
} token;

typedef struct set {
    gd_arena arena;
    token *token;
    int n;
} set;

struct gd_tokens {
    pthread_rwlock_t lock;
    char *path;
    set set;
};

static gd_status read_set(const char *path, set *to, gd_error *error)
{
    char *text, *rest, *line;
    size_t bytes;
    int number = 0;
    GD_TRY(gd_file_read(path, MOST_BYTES, &to->arena, &text, &bytes, error));
    to->token = gd_arena_alloc(&to->arena, bytes / LEAST + 1, sizeof *to->token);
    if (!to->token)
        return gd_fail(error, GD_NOMEM, "out of memory for tokens");
    for (rest = text; (line = strsep(&rest, "\n"));) {
        number++;
        line += strspn(line, " \t\r");
        line[strcspn(line, " \t\r")] = '\0';
        const size_t length = strlen(line);
        if (length == 0 || line[0] == '#')
            continue;
        if (length < LEAST)
            return gd_fail_at(error, GD_FORMAT, (gd_place){path, number, 1},
                              "a token of %zu characters where %d are the least", length, LEAST);
        to->token[to->n++] = (token){line, length};
    }
    return to->n > 0 ? GD_OK : gd_fail(error, GD_FORMAT, "'%s' has no tokens: one a line is wanted", path);
}

gd_status gd_tokens_reload(gd_tokens *tokens, gd_error *error)
{
    set fresh = {0};
    const gd_status status = read_set(tokens->path, &fresh, error);
    if (status == GD_OK) {
        pthread_rwlock_wrlock(&tokens->lock);
        const set old = tokens->set;
        tokens->set = fresh;
        pthread_rwlock_unlock(&tokens->lock);
        fresh = old;
    }
    gd_arena_release(&fresh.arena);
    return status;
}

gd_status gd_tokens_open(const char *path, gd_tokens **result, gd_error *error)
{
    gd_tokens *tokens = calloc(1, sizeof *tokens);
    *result = NULL;
    if (!tokens || !(tokens->path = strdup(path))) {
        free(tokens);
        return gd_fail(error, GD_NOMEM, "out of memory for tokens");
    }
    pthread_rwlock_init(&tokens->lock, NULL);
    const gd_status status = gd_tokens_reload(tokens, error);
    if (status == GD_OK)
        *result = tokens;
    else
        gd_tokens_free(tokens);
    return status;
}

void gd_tokens_free(gd_tokens *tokens)
{
    if (!tokens)
        return;
    gd_arena_release(&tokens->set.arena);
    pthread_rwlock_destroy(&tokens->lock);
    free(tokens->path);
    free(tokens);
}

static bool equal(const token *a, const char *text, size_t length)
{
    unsigned char differ = a->length != length;
    for (size_t i = 0; i < length; i++)
        differ |= (unsigned char)(a->text[i % a->length] ^ text[i]);
    return differ == 0;
}

bool gd_tokens_accept(gd_tokens *tokens, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    bool found = false;
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *text = authorization + sizeof scheme - 1;
    text += strspn(text, " ");
    const size_t length = strlen(text);
    pthread_rwlock_rdlock(&tokens->lock);
    for (int i = 0; i < tokens->set.n; i++)
        found |= equal(&tokens->set.token[i], text, length);
    pthread_rwlock_unlock(&tokens->lock);
    return found;
}
