# SPDX-License-Identifier: Apache-2.0
# page.html into C: cmake -DPAGE=page.html -DOUT=page.c -P page.cmake

# What stands between <tag> and </tag>, as a source of a Content-Security-Policy: 'sha256-…', in base64.
function(hash_of tag page result)
    string(FIND "${page}" "<${tag}>" start)
    string(FIND "${page}" "</${tag}>" end)
    string(LENGTH "<${tag}>" skipped)
    if(start LESS 0 OR end LESS start)
        message(FATAL_ERROR "${PAGE}: no <${tag}>…</${tag}>")
    endif()
    math(EXPR start "${start} + ${skipped}")
    math(EXPR length "${end} - ${start}")
    string(SUBSTRING "${page}" ${start} ${length} text)
    string(SHA256 hex "${text}")
    # Three digits of hex are two of base64; of the last one, with zeros behind it, the first is left, and padding.
    set(digits ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
    set(base64 "")
    foreach(i RANGE 0 63 3)
        string(SUBSTRING "${hex}00" ${i} 3 three)
        math(EXPR high "0x${three} >> 6")
        math(EXPR low "0x${three} & 63")
        string(SUBSTRING ${digits} ${high} 1 high)
        string(SUBSTRING ${digits} ${low} 1 low)
        string(APPEND base64 ${high}${low})
    endforeach()
    string(SUBSTRING ${base64} 0 43 base64)
    set(${result} "'sha256-${base64}='" PARENT_SCOPE)
endfunction()

file(READ ${PAGE} page)
hash_of(style "${page}" style)
hash_of(script "${page}" script)
string(CONCAT policy "default-src 'none'; style-src ${style}; script-src ${script}; img-src blob: data:; "
       "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
       "require-trusted-types-for 'script'")

file(READ ${PAGE} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUT} "/* Made from page.html by page.cmake. */
#include \"serve/page.h\"

const char gd_page[] = {
${bytes}
};
const size_t gd_page_bytes = sizeof gd_page;
const char gd_page_policy[] = \"${policy}\";
")
