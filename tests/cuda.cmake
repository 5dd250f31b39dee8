# SPDX-License-Identifier: Apache-2.0
# ---- CUDA kernels, executed on the CPU ---------------------------------------------------------------------------------
# The whole device for each of three paths of code; younger cards take the last one, with limits of their own.
#     cuda.run.<op>.<direction>.<entry>.<type>.sm_NN, and update.*, pooling.* and statistics.* as among the unit tests
file(GLOB cuda_kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cuda/kernel/*.cu)
file(GLOB cuda_host CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cuda/*.c ${CMAKE_SOURCE_DIR}/cuda/cublaslt/*.c
     ${CMAKE_SOURCE_DIR}/cuda/cudnn/*.c ${CMAKE_SOURCE_DIR}/cuda/nccl/*.c)
room_sources(cuda_ops op)

# What stands in for cuBLASLt there.
add_library(cublaslt-double MODULE cuda_on_cpu/doubles/cublaslt.cc)
set_target_properties(cublaslt-double PROPERTIES CXX_VISIBILITY_PRESET default)
target_include_directories(cublaslt-double PRIVATE cuda_on_cpu cuda_on_cpu/include)
target_link_libraries(cublaslt-double PRIVATE griddle-engine ${CMAKE_DL_LIBS})
target_link_options(cublaslt-double PRIVATE -Wl,--exclude-libs,ALL)

# And for cuDNN, which is loaded only where GRIDDLE_CUDNN_LIBRARY says so: its entries are tried in the walk over all of
# them and in tests of their own.
file(GLOB cudnn_double CONFIGURE_DEPENDS cuda_on_cpu/doubles/cudnn/*.cc)
add_library(cudnn-double MODULE ${cudnn_double})
target_include_directories(cudnn-double PRIVATE cuda_on_cpu cuda_on_cpu/include ${CMAKE_SOURCE_DIR}/cuda)
target_link_libraries(cudnn-double PRIVATE griddle-engine ${CMAKE_DL_LIBS})
target_link_options(cudnn-double PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,defs)

# And for NCCL, between processes that have a card each: nccl_on_cpu/README.md.
file(GLOB nccl_double CONFIGURE_DEPENDS nccl_on_cpu/*.cc)
add_library(nccl-double MODULE ${nccl_double})
target_include_directories(nccl-double PRIVATE cuda_on_cpu cuda_on_cpu/include ${CMAKE_SOURCE_DIR}/cuda)
target_link_libraries(nccl-double PRIVATE griddle-engine ${CMAKE_DL_LIBS})
target_link_options(nccl-double PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,defs)
add_executable(nccl-selftest nccl_on_cpu/selftest.c)
target_include_directories(nccl-selftest PRIVATE cuda_on_cpu/include ${CMAKE_SOURCE_DIR}/cuda)
target_link_libraries(nccl-selftest PRIVATE griddle-engine)

# What must be right, and what must be found: case, what the finding is called.
foreach(pair right: blocking: group: before_it_is_ready:ncclAllReduce not_asked_again:ncclAllReduce
        group_not_ended:ncclCommFinalize after_abort:ncclAllReduce after_end:ncclAllReduce
        destroyed_under_way:ncclCommDestroy buffer_reused:race buffer_read_too_early:race)
    string(REGEX MATCH "^([a-z_]+):(.*)$" pair ${pair})
    set(kind right)
    if(CMAKE_MATCH_2)
        set(kind finds)
    endif()
    add_test(NAME cuda.nccl.${CMAKE_MATCH_1}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cuda_on_cpu/selftest/run ${kind} $<TARGET_FILE:nccl-selftest>
                     ${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
    set_tests_properties(cuda.nccl.${CMAKE_MATCH_1} PROPERTIES LABELS cuda TIMEOUT 120 ENVIRONMENT
        "GRIDDLE_CUDA_LIBRARY=$<TARGET_FILE:griddle-cuda-on-cpu-80>;GRIDDLE_NCCL_LIBRARY=$<TARGET_FILE:nccl-double>")
endforeach()

# Some of the cards have one multiprocessor: there a grid takes more than one turn.
foreach(sm 70 75 80 86 89 90 100 120)
    set(path ${sm})
    if(sm GREATER 80)
        set(path 80)
    else()
        set(device griddle-cuda-on-cpu-${sm})
        add_cuda_on_cpu_library(${device} SM ${sm} ${cuda_host} ${cuda_ops} ${cuda_kernels})
        target_compile_definitions(${device} PRIVATE GRIDDLE_CUDA GRIDDLE_HAVE_NVTX
                                   GRIDDLE_CUBLASLT_FILE="$<TARGET_FILE:cublaslt-double>")
        add_dependencies(${device} cublaslt-double)
        target_link_libraries(${device} PRIVATE griddle-engine)
        target_link_options(${device} PRIVATE -Wl,--exclude-libs,libgriddle.a)
        add_executable(griddle-cuda-probe-${sm} cuda/probe.cu)
        use_cuda_on_cpu(griddle-cuda-probe-${sm} ${sm})
        set(name griddle-cuda-kernels-${sm})
        add_executable(${name} check/kernels.c unit/test_update.c unit/test_pooling.c unit/test_statistics.c
                               unit/entry.c unit/register.cc)
        target_link_libraries(${name} PRIVATE check GTest::gtest)
        target_compile_definitions(${name} PRIVATE CHECK_CUDA_LIBRARY="$<TARGET_FILE:${device}>"
                                   CHECK_CUDNN_LIBRARY="$<TARGET_FILE:cudnn-double>")
        add_dependencies(${name} ${device} cudnn-double)
    endif()
    gtest_discover_tests(griddle-cuda-kernels-${path} TEST_SUFFIX .sm_${sm} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         TEST_LIST cuda_tests_${sm}
                         PROPERTIES LABELS cuda TIMEOUT 300
                         ENVIRONMENT GRIDDLE_EMULATED_SM=${sm}) # one alone: of a list the first is passed on
endforeach()

# Tensor cores cut sums off. The law has room for that, and for little more: with two bits fewer it is broken.
foreach(sm 70 75 80 90)
    set(path ${sm})
    if(sm EQUAL 90)
        set(path 80)
    endif()
    set(truncated "GRIDDLE_EMULATED_SM=${sm};GRIDDLE_CUDA_LIBRARY=$<TARGET_FILE:griddle-cuda-on-cpu-${path}>")
    add_test(NAME cuda.truncated.sm_${sm} COMMAND griddle-check --device cuda --op conv2d --impl mma)
    set_tests_properties(cuda.truncated.sm_${sm} PROPERTIES LABELS cuda TIMEOUT 120
                         ENVIRONMENT "${truncated};GRIDDLE_EMULATED_TRUNCATE=1")
endforeach()
add_test(NAME cuda.truncated.too-short COMMAND griddle-check --device cuda --op conv2d --impl mma --dir bwd_weight)
set_tests_properties(cuda.truncated.too-short PROPERTIES LABELS cuda TIMEOUT 120
                     PASS_REGULAR_EXPRESSION "FAIL conv2d.bwd_weight.mma.f16: [0-9]+ passed, [1-9][0-9]* failed"
                     ENVIRONMENT "GRIDDLE_EMULATED_SM=70;GRIDDLE_CUDA_LIBRARY=$<TARGET_FILE:griddle-cuda-on-cpu-70>;GRIDDLE_EMULATED_TRUNCATE=3")

# ---- CUDA kernels, compiled for GPUs -----------------------------------------------------------------------------------
#     cuda.compile.<op>.<direction>.<entry>.sm_NN     held to the bars of benchmarks/cuda_static
# Skipped, with the reason, where neither nvcc nor, for sm_70, the NVRTC of build/nvrtc (tools/test brings it) compiles for
# it; both are looked for again when a test runs. The entries stand in the lists of ops; that of `simt` is in cuda/kernel/<op>.cu, others in <op>_<entry>.cu.
execute_process(COMMAND ${CMAKE_SOURCE_DIR}/benchmarks/cuda_static --compilers OUTPUT_VARIABLE compilers
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
message(STATUS "Compilers of CUDA kernels: ${compilers}")
foreach(file ${cuda_ops})
    file(STRINGS ${file} lines REGEX "GD_CUDA_(MMA_)?ENTRY\\(")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(op ${file} NAME_WE)
    foreach(line ${lines})
        if(line MATCHES "GD_CUDA_MMA_ENTRY\\(gd_${op}_([a-z_]+)")
            set(direction ${CMAKE_MATCH_1})
            set(entry mma)
        elseif(line MATCHES "GD_CUDA_ENTRY\\(([a-z]+), gd_${op}_([a-z_]+)")
            set(entry ${CMAKE_MATCH_1})
            set(direction ${CMAKE_MATCH_2})
        endif()
        set(source ${op}_${entry}.cu)
        if(entry STREQUAL simt)
            set(source ${op}.cu)
        endif()
        foreach(sm 70 75 80 86 89 90 100 120)
            set(name cuda.compile.${op}.${direction}.${entry}.sm_${sm})
            add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/benchmarks/cuda_static --file ${source} --arch ${sm})
            set_tests_properties(${name} PROPERTIES LABELS cuda TIMEOUT 600 SKIP_RETURN_CODE 77)
        endforeach()
    endforeach()
endforeach()

# ---- the whole device in a run, from the outside -----------------------------------------------------------------------
file(GLOB scripts CONFIGURE_DEPENDS cuda/*.py)
foreach(file ${scripts})
    add_script(cuda 600 ${file} $<TARGET_FILE_DIR:griddle-cuda-on-cpu-80>)
    get_filename_component(name ${file} NAME_WE)
    set_property(TEST cuda.${name} APPEND PROPERTY ENVIRONMENT GRIDDLE_CUDNN_LIBRARY=) # none, but where it is the matter
endforeach()
add_test(NAME cuda.nets COMMAND griddle-nets check --cuda --count 12)
set_tests_properties(cuda.nets PROPERTIES LABELS cuda TIMEOUT 300
                     ENVIRONMENT "GRIDDLE_CUDA_LIBRARY=$<TARGET_FILE:griddle-cuda-on-cpu-80>;\
GRIDDLE_CUDNN_LIBRARY=$<TARGET_FILE:cudnn-double>")
add_test(NAME cuda.static COMMAND ${CMAKE_SOURCE_DIR}/benchmarks/cuda_static)
set_tests_properties(cuda.static PROPERTIES LABELS cuda TIMEOUT 1800 SKIP_RETURN_CODE 77)

# ---- faults planted in kernels must be found: a few of them, `tools/test --long` plants all -----------------------------
add_test(NAME cuda.mutants
         COMMAND ${CMAKE_SOURCE_DIR}/tools/mutate-cuda --sample 8 --seed 1 --file metrics.cu pool2d.cu augment.cu)
set_tests_properties(cuda.mutants PROPERTIES LABELS cuda TIMEOUT 300 SKIP_RETURN_CODE 77
                     ENVIRONMENT "GRIDDLE_BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
