// SPDX-License-Identifier: Apache-2.0
#include "bodies.h"

static const char npy[] = "application/x-npy";

TEST(npy_of_every_rank_and_version)
{
    static const struct {
        const char *header;
        int n, height, width, channels;
    } cases[] = {
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6), }          \n", 1, 4, 6, 1},
        {"{'shape': (4, 6, 1), 'fortran_order': False, 'descr': '|u1'}\n", 1, 4, 6, 1},
        {"{\"shape\":(4,2,3),\"descr\":\"<u1\",\"fortran_order\":False}", 1, 4, 2, 3},
        {"{'descr': 'u1', 'fortran_order': False, 'shape': (2L, 2L, 2L, 3L)}\n", 2, 2, 2, 3},
        {"{ 'descr' : '>u1' , 'fortran_order' : False , 'shape' : ( 1 , 8 , 3 , 1 , ) , }\n", 1, 8, 3, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int version = 1; version <= 3; version++) {
            gd_pictures pictures = decode(npy, npy_of(version, cases[i].header, 24), cases[i].channels);
            CHECK_EQ_INT(pictures.n, cases[i].n);
            CHECK(pictures.several == (strstr(cases[i].header, ", 2") != NULL || i == 4));
            for (int k = 0; k < pictures.n; k++) {
                CHECK_EQ_INT(pictures.picture[k].height, cases[i].height);
                CHECK_EQ_INT(pictures.picture[k].width, cases[i].width);
                for (int j = 0; j < 24 / cases[i].n; j++)
                    CHECK_EQ_INT(pictures.picture[k].pixels[j], k * 24 / cases[i].n + j);
            }
            gd_pictures_release(&pictures);
        }
    }
}

TEST(npy_is_converted_to_the_models_channels)
{
    gd_pictures pictures = decode(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)}", 24), 3);
    for (int i = 0; i < 72; i++)
        CHECK_EQ_INT(pictures.picture[0].pixels[i], i / 3);
    gd_pictures_release(&pictures);
    pictures = decode(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 3)}", 24), 1);
    for (int i = 0; i < 8; i++)
        CHECK_EQ_INT(pictures.picture[0].pixels[i], (299 * 3 * i + 587 * (3 * i + 1) + 114 * (3 * i + 2) + 500) / 1000);
    gd_pictures_release(&pictures);
}

TEST(npy_that_is_refused)
{
    static const struct {
        const char *header;
        const char *why;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 6)}",
         "body: the array is float32 where uint8 (0 to 255)"},
        {"{'descr': '>f8', 'fortran_order': False, 'shape': (4, 6)}", "is float64 where"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (4, 6)}", "is int64 where"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (4, 3)}", "is uint16 where"},
        {"{'descr': '|i1', 'fortran_order': False, 'shape': (4, 6)}", "is int8 where"},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (4, 6)}", "is bool where"},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (4, 6)}", "is complex128 where"},
        {"{'descr': '<U7', 'fortran_order': False, 'shape': (4, 6)}", "is '<U7' where"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (4, 6)}", "is '|O' where"},
        {"{'descr': '', 'fortran_order': False, 'shape': (4, 6)}", "is '' where"},
        {"{'descr': 'u1111', 'fortran_order': False, 'shape': (4, 6)}", "is 'u1111' where"},
        {"{'descr': [('r', '|u1')], 'fortran_order': False, 'shape': (4, 6)}", "named fields"},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (4, 6)}", "send numpy.ascontiguousarray(x)"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "has 0 axes, not 2 (H,W), 3 (H,W,C) or 4"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (24,)}", "has 1 axes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 24, 1)}", "has 5 axes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4)}", "an array has 4 channels, its last axis"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 7)}", "(4, 7) has 28 bytes, 24 follow the header"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 5)}", "(4, 5) has 20 bytes, 24 follow the header"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 6)}", "(0, 6) has 0 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 4, 6, 1)}", "(0, 4, 6, 1) has 0 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 3)}",
         "has 55340232221128654848 bytes, 24 follow"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 3)}", "no tuple of sizes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (-4, 6)}", "no tuple of sizes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (,)}", "no tuple of sizes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': [4, 6]}", "'shape' is no tuple"},
        {"{'descr': '|u1', 'fortran_order': 0, 'shape': (4, 6)}", "not True or False"},
        {"{'descr': '|u1', 'fortran_order': False}", "each once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6), 'shape': (4, 6)}", "each once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6), 'more': 1}", "each once"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)", "not closed"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 6)} x", "something follows"},
        {"{'descr': '|u1, 'fortran_order': False, 'shape': (4, 6)}", "the header is not closed"},
        {"{'descr': '\\x7cu1', 'fortran_order': False, 'shape': (4, 6)}", "'descr' is no string"},
        {"{'descr\": '|u1'}", "a key of the header is no string"},
        {"[]", "the header is no dictionary"},
        {"", "the header is no dictionary"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(npy, npy_of(1, cases[i].header, 24), GD_FORMAT, cases[i].why);
    fails(npy, npy_of(4, "{}", 0), GD_FORMAT, "npy version 4.0 is not one of");
    fails(npy, blob_of("\x93NUMPX\1\0\0\0", 10), GD_FORMAT, "does not begin with");
    fails(npy, blob_of("\x93NUMPY\1\0\0", 9), GD_FORMAT, "does not begin with");
    fails(npy, blob_of("\x93NUMPY\2\0\1\0", 10), GD_FORMAT, "ends within its header");
    fails(npy, blob_of("\x93NUMPY\1\0\1\0", 10), GD_FORMAT, "ends within its header");
    fails(npy, blob_of("\x93NUMPY\2\0\xff\xff\xff\xff", 12), GD_FORMAT, "of 4294967295 bytes is longer than 10000");
    fails(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (257, 1, 1, 1)}", 257), GD_FORMAT,
          "more than the 256 pictures");
    fails(npy, npy_of(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 20000)}", 20000), GD_FORMAT,
          "20000x1 pixels is outside the limits");
}
