// SPDX-License-Identifier: Apache-2.0
/* Queues and the order between them. */
#include "check.h"
#include "settings.h"
#include "stream.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace emulator
{
void Clock::join(const Clock &other)
{
    if (passed.size() < other.passed.size())
        passed.resize(other.passed.size());
    for (size_t i = 0; i < other.passed.size(); i++)
        passed[i] = std::max(passed[i], other.passed[i]);
}

void Clock::set(unsigned stream, uint64_t count)
{
    if (passed.size() <= stream)
        passed.resize(stream + 1);
    passed[stream] = count;
}

/* Streams are never freed: a point may outlive its stream. */
static std::vector<Stream *> &streams()
{
    static auto *all = new std::vector<Stream *>{new Stream{0, true, false, {}, {}, 0, 0, {}, nullptr, 0, {}}};
    return *all;
}

static auto &host = forever<Clock>();
void waited(const Clock &known) { host.join(known); }

/* One that is gone, and that the host has waited for, hands on its id, so that clocks stay short. */
Stream *stream_new(bool meets_default)
{
    for (Stream *&old : streams())
        if (old->is_gone && old->queue.empty() && host.at(old->id) >= old->done)
            return old = new Stream{old->id, meets_default, false, {}, {}, old->done, old->done, {}, nullptr, 0, {}};
    streams().push_back(new Stream{(unsigned)streams().size(), meets_default, false, {}, {}, 0, 0, {}, nullptr, 0, {}});
    return streams().back();
}

Stream *stream_of(cudaStream_t handle)
{
    if (!handle)
        return streams()[0];
    auto *stream = reinterpret_cast<Stream *>(handle);
    auto found = std::find(streams().begin() + 1, streams().end(), stream);
    return found == streams().end() || stream->is_gone ? nullptr : stream;
}

bool is_capturing()
{
    for (const Stream *stream : streams())
        if (stream->capture)
            return true;
    return false;
}

static void push(Stream &stream, Work work, std::shared_ptr<Clock> known)
{
    stream.queue.push_back({std::move(work), std::move(stream.next_after), host, std::move(known)});
    stream.next_after.clear();
    stream.queued++;
}

/* Stream 0 and the streams that meet it run as if each were in the other. */
static void meet_default(Stream &stream)
{
    if (!stream.meets_default)
        return;
    for (Stream *other : streams())
        if (other != &stream && other->meets_default && (stream.id == 0 || other->id == 0) &&
            other->done < other->queued) {
            auto known = std::make_shared<Clock>();
            push(*other, nullptr, known);
            stream.next_after.push_back({other, other->queued, known});
        }
}

void enqueue(Stream &stream, Work work)
{
    if (stream.capture) {
        Capture &capture = *stream.capture;
        capture.nodes.push_back({std::move(work), stream.lane, std::move(stream.lane_after)});
        stream.lane_after.clear();
        capture.counts[stream.lane]++;
        return;
    }
    meet_default(stream);
    push(stream, std::move(work), nullptr);
}

Point mark(Stream &stream)
{
    meet_default(stream);
    auto known = std::make_shared<Clock>();
    push(stream, nullptr, known);
    return {&stream, stream.queued, known};
}

void wait_for(Stream &stream, const Point &point)
{
    stream.next_after.push_back(point);
    push(stream, nullptr, nullptr);
}

bool is_reached(const Point &point) { return point.stream->done >= point.count; }

static const Point *obstacle(const Item &item)
{
    for (const Point &point : item.after)
        if (!is_reached(point))
            return &point;
    return nullptr;
}

static void run_head(Stream &stream)
{
    Item item = std::move(stream.queue.front());
    stream.queue.pop_front();
    stream.known.join(item.host);
    for (const Point &point : item.after)
        stream.known.join(*point.known);
    if (item.work) {
        check_begin_work(stream.id, stream.done, stream.known);
        item.work();
    }
    stream.done++;
    stream.known.set(stream.id, stream.done);
    if (item.known)
        *item.known = stream.known;
}

/* Seed 0 runs no more than is needed; others let any stream go first. */
bool run_one(Stream &target)
{
    static Random random(settings().seed);
    if (settings().seed) {
        std::vector<Stream *> able;
        for (Stream *stream : streams())
            if (!stream->queue.empty() && !obstacle(stream->queue.front()))
                able.push_back(stream);
        if (able.empty())
            return false;
        run_head(*able[random.below((unsigned)able.size())]);
        return true;
    }
    Stream *stream = &target;
    while (!stream->queue.empty()) {
        const Point *point = obstacle(stream->queue.front());
        if (!point) {
            run_head(*stream);
            return true;
        }
        stream = point->stream;
    }
    return false;
}

void run_until(const Point &point)
{
    while (!is_reached(point))
        if (!run_one(*point.stream)) {
            fprintf(stderr, "cuda on cpu: streams wait for one another\n");
            abort();
        }
    waited(*point.known);
}

void drain()
{
    bool is_any = true;
    while (is_any) {
        is_any = false;
        for (Stream *stream : std::vector<Stream *>(streams()))
            if (!stream->queue.empty())
                is_any |= run_one(*stream);
    }
    for (Stream *stream : streams())
        waited(stream->known);
    check_settle();
}
} // namespace emulator
