// SPDX-License-Identifier: Apache-2.0
/* A model server as one writes it in an afternoon, in C++: cpp-httplib, libpng and onnxruntime's C API.
 *
 *     serve_httplib PORT MODEL.onnx INPUT MEAN,MEAN,MEAN DEVIATION,DEVIATION,DEVIATION
 *
 * One session with one thread a call, shared; a request is worked off by the thread of cpp-httplib's pool that read it,
 * with tensors of its own that lie ready. A connection that is kept alive holds its thread, so there are as many as a
 * load generator opens connections; and so many may wait to be accepted, instead of cpp-httplib's 5. Leaving it to the
 * kernel who computes is faster than a semaphore: with as many places as processors, in order of arrival, by half. */
#include <httplib.h>
#include <png.h>

#include <cstdint>
#include <cstdio>
#include <sys/socket.h>
#include <vector>

/* What this server needs of onnxruntime_c_api.h, which comes with no package of PyPI's or Debian's: the library
 * hands out a table of functions whose order never changes. */
namespace ort
{
struct Env;
struct Options;
struct Session;
struct Value;
struct MemoryInfo;
using Status = void *; // NULL: well
using Table = void *const *;
struct ApiBase {
    Table (*get_api)(uint32_t version);
    const char *(*version)();
};
extern "C" const ApiBase *OrtGetApiBase();

constexpr uint32_t api_version = 1;
constexpr int fp32 = 1, device_allocator = 0, default_memory = 0, warnings = 2;

template <int Slot, class... Arguments> void call(Arguments... arguments)
{
    static Table table = OrtGetApiBase()->get_api(api_version);
    if (Status bad = reinterpret_cast<Status (*)(Arguments...)>(table[Slot])(arguments...))
        throw std::runtime_error(reinterpret_cast<const char *(*)(Status)>(table[2])(bad));
}
constexpr auto create_env = call<3, int, const char *, Env **>;
constexpr auto create_session = call<7, Env *, const char *, Options *, Session **>;
constexpr auto run = call<9, Session *, const void *, const char *const *, Value *const *, size_t, const char *const *,
                          size_t, Value **>;
constexpr auto create_options = call<10, Options **>;
constexpr auto set_threads = call<24, Options *, int>;
constexpr auto wrap_tensor = call<49, MemoryInfo *, void *, size_t, const int64_t *, size_t, int, Value **>;
constexpr auto cpu_memory = call<69, int, int, MemoryInfo **>;
} // namespace ort

constexpr int side = 32, channels = 3, area = side * side, classes = 10, connections = 128, yes = 1;

class Model
{
  public:
    Model(const char *path, const char *input_name) : input{input_name}
    {
        ort::Env *env;
        ort::Options *options;
        ort::create_env(ort::warnings, "serve", &env);
        ort::create_options(&options);
        ort::set_threads(options, 1);
        ort::create_session(env, path, options, &session);
    }

    void run(ort::Value *x, ort::Value *probabilities)
    {
        const char *const output = "probabilities";
        ort::run(session, nullptr, &input, &x, 1, &output, 1, &probabilities);
    }

  private:
    const char *input;
    ort::Session *session;
};

/* A thread's tensors. */
struct Tensors {
    std::vector<float> x = std::vector<float>(channels * area), p = std::vector<float>(classes);
    ort::Value *input, *output;

    Tensors()
    {
        const int64_t in[] = {1, channels, side, side}, out[] = {1, classes};
        ort::MemoryInfo *memory;
        ort::cpu_memory(ort::device_allocator, ort::default_memory, &memory);
        ort::wrap_tensor(memory, x.data(), x.size() * sizeof(float), in, 4, ort::fp32, &input);
        ort::wrap_tensor(memory, p.data(), p.size() * sizeof(float), out, 2, ort::fp32, &output);
    }
};

static bool decode(const std::string &body, std::vector<uint8_t> &rgba)
{
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, body.data(), body.size()))
        return false;
    image.format = PNG_FORMAT_RGBA;
    if (image.width != side || image.height != side) {
        png_image_free(&image);
        return false;
    }
    rgba.resize(4 * area);
    return png_image_finish_read(&image, nullptr, rgba.data(), 0, nullptr);
}

int main(int argc, char **argv)
try {
    float mean[channels], deviation[channels];
    if (argc != 6 || sscanf(argv[4], "%f,%f,%f", mean, mean + 1, mean + 2) != 3 ||
        sscanf(argv[5], "%f,%f,%f", deviation, deviation + 1, deviation + 2) != 3) {
        fprintf(stderr, "usage: serve_httplib PORT MODEL.onnx INPUT MEAN,MEAN,MEAN DEVIATION,DEVIATION,DEVIATION\n");
        return 2;
    }
    Model model(argv[2], argv[3]);
    httplib::Server server;
    int listening = -1;
    server.set_socket_options([&](int socket) {
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        listening = socket;
    });
    server.new_task_queue = [] { return new httplib::ThreadPool(connections); };
    server.set_keep_alive_max_count(SIZE_MAX);
    server.set_tcp_nodelay(true);
    server.Get("/ping", [](const httplib::Request &, httplib::Response &) {});
    server.Post("/invocations", [&](const httplib::Request &request, httplib::Response &response) {
        thread_local Tensors tensors;
        thread_local std::vector<uint8_t> rgba;
        if (!decode(request.body, rgba)) {
            response.status = 400;
            return;
        }
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < area; i++)
                tensors.x[c * area + i] = (rgba[4 * i + c] - mean[c]) / deviation[c];
        model.run(tensors.input, tensors.output);
        char number[32];
        std::string answer = "[";
        for (int k = 0; k < classes; k++)
            answer.append(number, snprintf(number, sizeof number, k ? ",%.9g" : "%.9g", tensors.p[k]));
        response.set_content(answer + "]", "application/json");
    });
    if (!server.bind_to_port("127.0.0.1", atoi(argv[1])) || listen(listening, connections))
        return 1;
    return server.listen_after_bind() ? 0 : 1;
} catch (const std::exception &e) {
    fprintf(stderr, "serve_httplib: %s\n", e.what());
    return 1;
}
