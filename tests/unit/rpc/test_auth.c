/* rpc: logging in. The device here checks every answer as real ones do,
 * and then misbehaves in every way it can. */
#include "world.h"

#include "codec/digest.h"
#include "rpc/internal.h"

#define REALM "RPC"

/* The device. */
static struct {
    enum digest_algorithm algorithm;
    const char *realm, *password, *user;
    uint64_t now; /* its clock; a nonce of an hour before is too old */
    int64_t jump; /* added to the clock after each challenge */
    bool denies, refuses_all;
    const char *challenge; /* instead of a right one */
    unsigned long plain, logins, challenges;
    int64_t first_id, last_id;
    double cnonces[8];
    size_t cnonce_count;
} dev;

static void give_error(struct link *link, int64_t id, int code, const char *message)
{
    struct buf b = BUF_INIT;
    frame_response_error(&b, id, "dev", "lockstep", code, message);
    fake_frame(link, buf_text(&b));
    buf_free(&b);
}

static void challenge(struct link *link, int64_t id)
{
    struct digest_challenge c = {.algorithm = dev.algorithm, .nonce = dev.now};
    struct buf text = BUF_INIT;
    snprintf(c.realm, sizeof c.realm, "%s", dev.realm);
    dev.challenges++;
    digest_challenge_text(&c, &text);
    give_error(link, id, 401, dev.challenge != NULL ? dev.challenge : buf_text(&text));
    dev.now = (uint64_t)((int64_t)dev.now + dev.jump);
    buf_free(&text);
}

static const char *member(const cJSON *auth, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(auth, name));
    return text == NULL ? "" : text;
}

static double number(const cJSON *auth, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(auth, name);
    return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static bool is_right(const cJSON *auth)
{
    char ha1[DIGEST_HEX], response[DIGEST_HEX];
    struct digest_challenge c = {.algorithm = dev.algorithm, .nonce = (uint64_t)number(auth, "nonce")};
    digest_ha1(dev.algorithm, dev.user, dev.realm, dev.password, strlen(dev.password), ha1);
    digest_frame_response(&c, ha1, (uint32_t)number(auth, "cnonce"), response);
    return strcmp(member(auth, "username"), dev.user) == 0 && strcmp(member(auth, "response"), response) == 0;
}

static void peer(struct link *link, const struct frame *f)
{
    const cJSON *auth = f->auth;
    dev.last_id = f->id;
    dev.plain += auth == NULL;
    dev.logins += auth != NULL;
    if (auth == NULL) {
        dev.first_id = f->id;
        challenge(link, f->id);
        return;
    }
    if (dev.cnonce_count < 8)
        dev.cnonces[dev.cnonce_count++] = number(auth, "cnonce");
    double age = (double)dev.now - number(auth, "nonce");
    if (dev.refuses_all || strcmp(member(auth, "realm"), dev.realm) != 0 ||
        strcmp(member(auth, "algorithm"), digest_name(dev.algorithm)) != 0)
        give_error(link, f->id, 400, "bad request");
    else if (age < 0 || age >= 3600 || !is_right(auth))
        challenge(link, f->id);
    else if (dev.denies)
        give_error(link, f->id, 403, "unauthorized");
    else
        peer_ok(link, f);
}

static struct world *start(void **state, const char *creds)
{
    struct world *w = *state;
    memset(&dev, 0, sizeof dev);
    dev.realm = REALM;
    dev.user = "alice";
    dev.password = "secret1";
    dev.now = 1795165320;
    fake.peer = peer;
    struct rpc_options options = {.creds = creds};
    open_up(w, &options);
    return w;
}

static void calls(struct world *w)
{
    cJSON *args = cJSON_Parse("{\"a\":1}"), *result = NULL;
    if (rpc_call(w->client, "X.Y", args, 1000, &result, &w->e) != 0)
        fail_msg("%s", w->e.message);
    assert_true(cJSON_Compare(args, result, true));
    cJSON_Delete(args);
    cJSON_Delete(result);
}

static void refused(struct world *w, int remote, const char *says_1, const char *says_2)
{
    error_clear(&w->e);
    cJSON *result = NULL;
    assert_int_equal(rpc_call(w->client, "X.Y", NULL, 1000, &result, &w->e), ERR_REFUSED);
    assert_null(result);
    assert_int_equal(w->e.remote, remote);
    says(w, says_1);
    says(w, says_2);
    if (strstr(w->e.message, "secret") != NULL || strstr(w->e.message, "ha1") != NULL)
        fail_msg("a secret is in: %s", w->e.message);
}

static void test_one_challenge_serves_many_calls(void **state)
{
    struct world *w = start(state, "alice:secret1");
    for (int i = 0; i < 4; i++)
        calls(w);
    assert_int_equal(dev.plain, 1);
    assert_int_equal(dev.challenges, 1);
    assert_int_equal(dev.logins, 4);
    assert_true(dev.first_id == dev.last_id - 3); /* the resend has the id of the call */
    for (size_t i = 1; i < dev.cnonce_count; i++)
        assert_true(dev.cnonces[i] != dev.cnonces[i - 1]);
    assert_string_equal(rpc_user(w->client), "alice");
}

static void test_sha_256_and_colons(void **state)
{
    struct world *w = start(state, "alice:a:b::c");
    dev.algorithm = DIGEST_SHA256;
    dev.password = "a:b::c";
    calls(w);
    assert_int_equal(dev.logins, 1);
}

static void test_message_links_too(void **state)
{
    fake.message = true;
    fake.serial = false;
    struct world *w = start(state, "alice:secret1");
    calls(w);
    calls(w);
    assert_int_equal(dev.challenges, 1);
}

static void test_no_credentials(void **state)
{
    struct world *w = start(state, NULL);
    refused(w, 401, "this device asks for a user and password (realm \"RPC\")", "--rpc-creds");
    assert_int_equal(dev.plain, 1);
    assert_null(rpc_user(w->client));
}

static void test_wrong_password(void **state)
{
    struct world *w = start(state, "alice:secret2");
    refused(w, 401, "wrong user or password for realm \"RPC\" (user alice)", "rpc.auth_file");
    assert_int_equal(dev.plain, 1); /* one challenge, one answer, and no more */
    assert_int_equal(dev.logins, 1);
    /* others work from then on */
    assert_int_equal(rpc_set_creds(w->client, "alice:secret1", &w->e), 0);
    calls(w);
    assert_int_equal(rpc_set_creds(w->client, NULL, &w->e), 0);
    refused(w, 401, "asks for a user and password", "");
}

static void test_new_nonce_wanted(void **state)
{
    struct world *w = start(state, "alice:secret1");
    calls(w);
    dev.now += 3600;
    calls(w);
    assert_int_equal(dev.challenges, 2);
    assert_int_equal(dev.plain, 1); /* the second challenge came to a frame with login */
    dev.now -= 100;                 /* a clock that goes back makes its nonces of the future worthless */
    calls(w);
    assert_int_equal(dev.challenges, 3);
}

static void test_password_changed_meanwhile(void **state)
{
    struct world *w = start(state, "alice:secret1");
    calls(w);
    dev.password = "other";
    refused(w, 401, "wrong user or password", "");
    assert_int_equal(dev.logins, 3);
}

static void test_clock_that_jumps(void **state)
{
    struct world *w = start(state, "alice:secret1");
    dev.jump = 1000000000;
    refused(w, 401, "expired nonce", "its clock jumped");
    assert_int_equal(dev.logins, 1);
}

static void test_realm_and_algorithm_changed(void **state)
{
    struct world *w = start(state, "alice:secret1");
    calls(w);
    dev.realm = "other";
    calls(w); /* 400, asked anew, answered */
    dev.algorithm = DIGEST_SHA256;
    calls(w);
    assert_int_equal(dev.challenges, 3);
    dev.refuses_all = true;
    refused(w, 400, "did not take realm \"other\" with SHA-256", "bad request");
}

static void test_denied(void **state)
{
    struct world *w = start(state, "alice:secret1");
    dev.denies = true;
    refused(w, 403, "access rules (ACL) do not allow it to user alice", "access-status");
}

/* A method's own 400 and 403 are not taken for the login's. */
static void peer_own_words(struct link *link, const struct frame *f)
{
    if (f->auth == NULL)
        peer(link, f);
    else
        give_error(link, f->id, 403, "Invalid zone");
}

static void test_own_words_of_methods(void **state)
{
    struct world *w = start(state, "alice:secret1");
    fake.peer = peer_own_words;
    refused(w, 403, "Invalid zone", "");
    refused(w, 403, "Invalid zone", "");
}

static void test_hostile_challenges(void **state)
{
    static const struct {
        const char *challenge, *says;
    } rows[] = {
        {"",                                                                     "no JSON"         },
        {"{\"nonce\":",                                                          "no JSON"         },
        {"[[[[[[",                                                               "no JSON"         },
        {"{\"auth_type\":\"basic\",\"nonce\":1,\"realm\":\"x\"}",                "\"basic\""       },
        {"{\"nonce\":1e99,\"realm\":\"x\"}",                                     "whole number"    },
        {"{\"nonce\":1,\"realm\":\"x\",\"algorithm\":\"SHA-512-256\"}",          "\"SHA-512-256\"" },
        {"{\"nonce\":1,\"realm\":\"x\",\"algorithm\":\"\\u001b]0;own\\u0007\"}", "\\x1b]0;own\\x07"},
    };
    struct world *w = start(state, "alice:secret1");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dev.challenge = rows[i].challenge;
        refused(w, 401, "login cannot be answered", rows[i].says);
        assert_int_equal(rpc_set_creds(w->client, NULL, &w->e), 0);
        refused(w, 401, "asks for a user and password", rows[i].says);
        assert_int_equal(rpc_set_creds(w->client, "alice:secret1", &w->e), 0);
    }
    assert_int_equal(dev.logins, 0);
    /* a device that challenges for ever gets two frames a call */
    dev.challenge = NULL;
    dev.realm = "\x1b[31mred";
    dev.password = "other";
    refused(w, 401, "\\x1b[31mred", "");
    assert_int_equal(dev.logins, 1);
}

static void test_bad_credentials(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"alice", "", ":secret"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rpc_options options = {.creds = bad[i]};
        error_clear(&w->e);
        assert_int_equal(open_code(w, &options), ERR_USAGE);
        says(w, "user:password");
        assert_null(strstr(w->e.message, "secret"));
    }
    assert_int_equal(fake.opened, 0);
    start(state, "alice:secret1");
    assert_int_equal(rpc_set_creds(w->client, "nonsense", &w->e), ERR_USAGE);
    calls(w);                                                       /* the old ones stay */
    assert_int_equal(rpc_set_creds(w->client, "alice:", &w->e), 0); /* an empty password is one */
    refused(w, 401, "wrong user or password", "");
}

static void test_asynchronous_and_in_parallel(void **state)
{
    struct world *w = start(state, "alice:secret1");
    struct done d[3] = {{0}};
    cJSON *args = cJSON_Parse("{\"n\":7}");
    for (int i = 0; i < 3; i++)
        assert_int_equal(rpc_call_start(w->client, "X.Y", args, 1000, on_done, &d[i], &w->e), 0);
    cJSON_Delete(args); /* the call keeps what it needs to be sent again */
    turn(w, 50);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(d[i].calls, 1);
        assert_int_equal(d[i].code, 0);
        assert_string_equal(d[i].result, "{\"n\":7}");
    }
}

/* The link goes down under the challenge. */
static void peer_challenges_and_drops(struct link *link, const struct frame *f)
{
    if (f->auth != NULL) {
        fake_end(link);
        return;
    }
    challenge(link, f->id);
}

static void test_link_lost_after_challenge(void **state)
{
    struct world *w = start(state, "alice:secret1");
    fake.peer = peer_challenges_and_drops;
    assert_int_equal(rpc_call(w->client, "X.Y", NULL, 1000, NULL, &w->e), ERR_CONNECTION);
    says(w, "cable was pulled");
}

static void peer_silent_to_logins(struct link *link, const struct frame *f)
{
    if (f->auth == NULL)
        challenge(link, f->id);
    else
        dev.logins++;
}

static void test_silence_after_challenge(void **state)
{
    struct world *w = start(state, "alice:secret1");
    fake.peer = peer_silent_to_logins;
    int64_t begun = clock_ms();
    assert_int_equal(rpc_call(w->client, "X.Y", NULL, 150, NULL, &w->e), ERR_CONNECTION);
    assert_true(clock_ms() - begun < 1000);
    assert_int_equal(dev.logins, 1);
}

/* With credentials a frame must have room for them, and one that has none is not sent. */
static void test_room_for_the_login(void **state)
{
    struct world *w = start(state, "alice:secret1");
    size_t with = rpc_payload_limit(w->client, 40);
    char *data = mem_alloc(with + 1), *json;
    memset(data, 'A', with);
    json = mem_printf("{\"data\":\"%s\"}", data);
    cJSON *args = cJSON_Parse(json);
    assert_int_equal(rpc_call(w->client, "FS.Put", args, 1000, NULL, &w->e), 0);
    assert_true(with > 3000);
    cJSON_Delete(args);
    free(json);

    rpc_set_creds(w->client, "alice:secret1", NULL); /* the challenge is forgotten with the old ones */
    free(data);
    data = mem_alloc(4096);
    memset(data, 'A', 4000);
    json = mem_printf("{\"data\":\"%s\"}", data);
    args = cJSON_Parse(json);
    error_clear(&w->e);
    unsigned long logins = dev.logins;
    assert_int_equal(rpc_call(w->client, "FS.Put", args, 1000, NULL, &w->e), ERR_REFUSED);
    says(w, "at most 4096");
    assert_int_equal(dev.logins, logins);
    cJSON_Delete(args);
    free(json);
    free(data);
}

static void test_calls_of_a_check(void **state)
{
    struct world *w = start(state, "alice:secret1");
    struct rpc_said said;
    struct digest_challenge c;
    assert_int_equal(rpc_call_as(w->client, "X.Y", NULL, NULL, 1000, &said, &w->e), 0);
    assert_int_equal(said.code, 401);
    assert_int_equal(digest_challenge_parse(said.message, &c, NULL), 0);
    assert_int_equal(dev.logins, 0); /* the client's own credentials stay out of it */

    char ha1[DIGEST_HEX];
    digest_ha1(c.algorithm, "alice", c.realm, "secret1", 7, ha1);
    cJSON *auth = digest_frame_auth(&c, "alice", ha1, 5);
    assert_int_equal(rpc_call_as(w->client, "X.Y", NULL, auth, 1000, &said, &w->e), 0);
    assert_int_equal(said.code, 0);
    cJSON_ReplaceItemInObject(auth, "realm", cJSON_CreateString("elsewhere"));
    assert_int_equal(rpc_call_as(w->client, "X.Y", NULL, auth, 1000, &said, &w->e), 0);
    assert_int_equal(said.code, 400);
    assert_string_equal(said.message, "bad request");
    cJSON_Delete(auth);
    assert_int_equal(dev.challenges, 1);
    fake.peer = NULL;
    assert_int_equal(rpc_call_as(w->client, "X.Y", NULL, NULL, 50, &said, &w->e), ERR_CONNECTION);
}

/* What the device logs of our frames may quote a login; errors never do. */
static void test_secrets_are_wiped(void **state)
{
    struct world *w = start(state, "alice:secret1");
    calls(w);
    char ha1[DIGEST_HEX];
    snprintf(ha1, sizeof ha1, "%s", w->client->login.ha1);
    assert_int_equal(strlen(ha1), 32);
    assert_int_equal(rpc_set_creds(w->client, NULL, NULL), 0);
    static const char zeros[DIGEST_HEX];
    assert_memory_equal(w->client->login.ha1, zeros, sizeof zeros);
    assert_null(w->client->login.password.data);
    assert_null(w->client->options.creds);
    char sent[40];
    snprintf(sent, sizeof sent, "%s", "secret1");
    assert_null(memmem(fake.link->sent.data, fake.link->sent.len, sent, strlen(sent)));
    assert_null(memmem(fake.link->sent.data, fake.link->sent.len, ha1, strlen(ha1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_challenge_serves_many_calls),
        CASE(test_sha_256_and_colons),
        CASE(test_message_links_too),
        CASE(test_no_credentials),
        CASE(test_wrong_password),
        CASE(test_new_nonce_wanted),
        CASE(test_password_changed_meanwhile),
        CASE(test_clock_that_jumps),
        CASE(test_realm_and_algorithm_changed),
        CASE(test_denied),
        CASE(test_own_words_of_methods),
        CASE(test_hostile_challenges),
        CASE(test_bad_credentials),
        CASE(test_asynchronous_and_in_parallel),
        CASE(test_link_lost_after_challenge),
        CASE(test_silence_after_challenge),
        CASE(test_room_for_the_login),
        CASE(test_calls_of_a_check),
        CASE(test_secrets_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
