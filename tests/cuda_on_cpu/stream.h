// SPDX-License-Identifier: Apache-2.0
/* Streams: work is queued, and runs only when somebody waits for it.
 *
 * A Point is a place in a stream. An item waits for points of other streams; the order between items that wait for
 * nothing is drawn by seed. So what a program forgot to wait for has not happened yet when it looks, and a host buffer
 * that it reuses too early is read too late.
 *
 * Clocks say which items of every stream are known to have run before: from them, the checker tells two kernels that
 * only luck put into order from two that an event did.
 */
#ifndef CUDA_ON_CPU_STREAM_H
#define CUDA_ON_CPU_STREAM_H

#include "runtime.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace emulator
{
/* For each stream by its id, how many of its items have run before. */
struct Clock {
    std::vector<uint64_t> passed;
    void join(const Clock &other);
    void set(unsigned stream, uint64_t count);
    uint64_t at(unsigned stream) const { return stream < passed.size() ? passed[stream] : 0; }
};

struct Stream;
struct Point {
    Stream *stream;
    uint64_t count;               // reached when the stream has done so many items
    std::shared_ptr<Clock> known; // what is known there, once it is reached
};

using Work = std::function<void()>;

struct Item {
    Work work; // may be empty: a place only
    std::vector<Point> after;
    Clock host; // what the host had waited for when it queued this
    std::shared_ptr<Clock> known;
};

/* One node of a graph: an item of one of the streams that took part in the capture. */
struct Node {
    Work work;
    size_t lane;
    std::vector<std::pair<size_t, uint64_t>> after; // lane, count
};

struct Capture {
    std::vector<Stream *> streams; // lanes; the first is where it began
    std::vector<uint64_t> counts;
    std::vector<Node> nodes;
};

struct Stream {
    unsigned id;
    bool meets_default; // not cudaStreamNonBlocking: in order with stream 0
    bool is_gone;
    std::deque<Item> queue;
    std::vector<Point> next_after; // what the next item has to wait for
    uint64_t queued, done;
    Clock known;
    std::shared_ptr<Capture> capture;
    size_t lane;
    std::vector<std::pair<size_t, uint64_t>> lane_after;
};

Stream *stream_new(bool meets_default);
Stream *stream_of(cudaStream_t); // NULL: no such stream
void enqueue(Stream &, Work);
Point mark(Stream &);
void wait_for(Stream &, const Point &);
bool is_reached(const Point &);
bool run_one(Stream &target); // something towards it; false: nothing can run
void run_until(const Point &);
void join_capture(Stream &, std::shared_ptr<Capture>, std::vector<std::pair<size_t, uint64_t>> after);
void waited(const Clock &); // the host knows now
bool is_capturing();        // some stream is: then nothing may wait for the whole card
} // namespace emulator

#endif
