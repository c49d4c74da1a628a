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

slipstream_dependency(rdkafka rdkafka-static>=2.14)

find_path(HIREDIS_INCLUDE hiredis/hiredis.h HINTS ${SLIPSTREAM_PREFIX}/include REQUIRED)
find_library(HIREDIS_LIBRARY libhiredis.a HINTS ${SLIPSTREAM_PREFIX}/lib REQUIRED)
find_library(HIREDIS_SSL_LIBRARY libhiredis_ssl.a HINTS ${SLIPSTREAM_PREFIX}/lib REQUIRED)
slipstream_dependency(openssl openssl)
add_library(hiredis INTERFACE IMPORTED GLOBAL)
target_include_directories(hiredis INTERFACE ${HIREDIS_INCLUDE})
target_link_libraries(hiredis INTERFACE ${HIREDIS_SSL_LIBRARY} ${HIREDIS_LIBRARY} openssl)

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
