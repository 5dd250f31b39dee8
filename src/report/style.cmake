# SPDX-License-Identifier: Apache-2.0
# style.css into C, without its comments: cmake -DSTYLE=style.css -DOUT=report_style.c -P style.cmake
file(READ ${STYLE} style)
string(REGEX REPLACE "/\\*[^*]*\\*+([^/*][^*]*\\*+)*/\n*" "" style "${style}")
string(HEX "${style}" bytes)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUT} "/* Made from style.css by style.cmake. */
#include \"report/page.h\"

const char gd_page_style[] = {
${bytes}
'\\0'};
")
