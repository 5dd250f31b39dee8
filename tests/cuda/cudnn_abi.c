// SPDX-License-Identifier: Apache-2.0
/* What cuda/cudnn/abi.h says of cuDNN, held against NVIDIA's header: that it compiles is the test (cudnn.py, and
 * tools/make-symbols.py for two versions). */
#include <cudnn.h>

#include "cudnn/abi.h"

#define CHECK_VALUE(type, name, value) _Static_assert((type)(value) == name, #name);
GD_CUDNN_VALUES(CHECK_VALUE)

#define CHECK_FUNCTION(type, name, arguments)                                                                          \
    _Static_assert(_Generic(&name, type(*) arguments : 1, default : 0), #name);
GD_CUDNN_FUNCTIONS(CHECK_FUNCTION)
