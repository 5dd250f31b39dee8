# SPDX-License-Identifier: Apache-2.0
# Griddle with its CUDA device for Turing (sm_75) and younger cards, by CUDA 13. For Volta, as in p3: Dockerfile.p3.
#
#     docker build -t griddle .
#     docker run --rm --gpus all -v "$PWD:/work" -v griddle:/cache griddle run CONFIG
#     docker run --rm -p 8080:8080 -v "$PWD/runs/scones:/opt/ml/model:ro" griddle serve
#
# The host brings the driver, 580 or later, and NVIDIA's container toolkit; without them it runs on the CPU. NVIDIA's
# libraries, loaded where they are there, are most of the image: --target small leaves them out.
#
# Tried: built by buildah on a debian:bookworm of debootstrap's; run on a CPU; `serve` in the stage `small`, around a build
# without CUDA. Not tried: docker, a GPU, OpenMPI in it.
FROM debian:bookworm AS build
WORKDIR /griddle
COPY tools/install tools/install
RUN tools/install --mpi && apt-get install -y --no-install-recommends python3-pip
# The toolkit as NVIDIA packs it for pip; nvcc looks into lib64, CMake for libcudart.so, which are not in it.
RUN pip install --no-cache-dir --no-deps --target /opt nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 \
        nvidia-nvvm==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-nvtx==13.0.85 \
        nvidia-cublas==13.0.2.14 nvidia-cudnn-cu13==9.19.0.56 \
    && ln -s lib /opt/nvidia/cu13/lib64 && ln -s libcudart.so.13 /opt/nvidia/cu13/lib/libcudart.so
ENV PATH=/opt/nvidia/cu13/bin:$PATH
COPY . .
RUN cmake --preset cuda && cmake --build --preset cuda && cmake --install build/cuda --strip --prefix /opt/griddle

FROM debian:bookworm-slim AS small
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libarchive13 libcurl4 libdnnl2 libgnutls30 \
        libgomp1 libjpeg62-turbo libmicrohttpd12 libpng16-16 libssl3 libyaml-0-2 zlib1g \
    && rm -rf /var/lib/apt/lists/* && mkdir -m 1777 /cache
COPY --from=build /opt/griddle /usr/local
ENV GRIDDLE_CACHE=/cache NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /work
# For `serve`, which hears on 8080, or what SAGEMAKER_BIND_TO_PORT says, and takes several models.
EXPOSE 8080
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true \
    com.amazonaws.sagemaker.capabilities.multi-models=true
ENTRYPOINT ["griddle"]

FROM small
COPY --from=build /opt/nvidia/cu13/lib/libcublas*.so.* /opt/nvidia/cudnn/lib/*.so.* /usr/local/lib/
RUN ldconfig && apt-get update && apt-get install -y --no-install-recommends openmpi-bin && rm -rf /var/lib/apt/lists/*
