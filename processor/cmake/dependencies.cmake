# What deploy/bootstrap installs. librdkafka and hiredis are linked statically, from the private prefix where they were
# built; the rest is the distribution's.
set(SLIPSTREAM_PREFIX "${PROJECT_SOURCE_DIR}/build/prefix" CACHE PATH "where deploy/bootstrap has put its libraries")
if(DEFINED ENV{SLIPSTREAM_PREFIX})
    set(SLIPSTREAM_PREFIX "$ENV{SLIPSTREAM_PREFIX}")
endif()
set(ENV{PKG_CONFIG_PATH} "${SLIPSTREAM_PREFIX}/lib/pkgconfig:$ENV{PKG_CONFIG_PATH}")

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Third-party headers are system headers: our warnings are not for them.
function(slipstream_dependency name module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    add_library(${name} INTERFACE IMPORTED GLOBAL)
    target_link_libraries(${name} INTERFACE PkgConfig::${name})
endfunction()

slipstream_dependency(rdkafka rdkafka-static)
slipstream_dependency(hiredis hiredis_ssl)
slipstream_dependency(avro avro-c)
slipstream_dependency(jansson jansson)
slipstream_dependency(curl libcurl)
slipstream_dependency(microhttpd libmicrohttpd)
slipstream_dependency(yaml yaml-0.1)
slipstream_dependency(xxhash libxxhash)
slipstream_dependency(cmocka cmocka)

find_library(CSV_LIBRARY csv REQUIRED)
add_library(csv INTERFACE IMPORTED GLOBAL)
target_link_libraries(csv INTERFACE ${CSV_LIBRARY})
