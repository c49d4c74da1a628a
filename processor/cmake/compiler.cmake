# Warnings are errors; hardening where it ships; assertions stay on in release (they are for our own bugs).
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
add_compile_definitions(_GNU_SOURCE)
add_compile_options(
    -Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wnull-dereference -Wdouble-promotion
    -fno-common -fno-strict-aliasing -fno-omit-frame-pointer)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    add_compile_options(
        -Wno-bitwise-instead-of-logical # meant where checks are made without branches
        -Wno-string-conversion) # ASSERT(!"what is never reached")
endif()

if(SLIPSTREAM_SANITIZE)
    add_compile_options(-fsanitize=${SLIPSTREAM_SANITIZE} -fno-sanitize-recover=all -O1 -Wno-null-dereference)
    add_link_options(-fsanitize=${SLIPSTREAM_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    add_compile_options(-O2 -fstack-protector-strong -fstack-clash-protection -fPIE -D_FORTIFY_SOURCE=2)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
        add_compile_options(-fcf-protection)
    endif()
    add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
if(SLIPSTREAM_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
