-- SPDX-License-Identifier: Apache-2.0
-- wrk's script: posts $SERVE_PICTURES/0.png, 1.png, … in turn, or without that variable gets the URL, and ends its report
-- with one line of JSON.
local folder = os.getenv("SERVE_PICTURES")

if folder then
    local requests, at = {}, 0

    function init()
        for i = 0, math.huge do
            local file = io.open(folder .. "/" .. i .. ".png", "rb")
            if not file then
                break
            end
            requests[i + 1] = wrk.format("POST", wrk.path, { ["Content-Type"] = "image/png" }, file:read("*a"))
            file:close()
        end
    end

    function request()
        at = at % #requests + 1
        return requests[at]
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('{"per_second": %f, "p50_ms": %f, "p99_ms": %f, "failed": %d}\n',
        1e6 * summary.requests / summary.duration, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
