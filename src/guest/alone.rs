//! What a component needs that links no `std`: a panic traps and says nothing, and the component is 15 % smaller.
//! (The HTTP door's library brings `std` along, so this is for components without it.)

use alloc::alloc::{Layout, alloc, realloc};
use core::mem::MaybeUninit;

use talc::wasm::{WasmArenaTalc, new_wasm_arena_allocator};

/// More than a beat or a loop of them ever needs: the longest event that a sink must take has 64 KiB. It costs nothing until it is
/// used, and a host need not make the memory larger while the guest runs, which takes longer than to make the instance.
const HEAP: usize = 2 << 20;

#[allow(unsafe_code, reason = "nobody else uses the memory of the heap")]
#[global_allocator]
static ALLOCATOR: WasmArenaTalc = {
    static mut MEMORY: [MaybeUninit<u8>; HEAP] = [MaybeUninit::uninit(); HEAP];
    unsafe { new_wasm_arena_allocator(&raw mut MEMORY) }
};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Where hosts place lists and strings. `std` exports it, and on this target no macro does.
///
/// # Safety
/// By the canonical ABI of the component model the host passes either nothing (`old_size` 0) or what this function
/// returned, with the size and alignment that it asked for.
#[allow(unsafe_code, reason = "the canonical ABI calls it by this name")]
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    unsafe {
        match (old_size, new_size) {
            (0, 0) => core::ptr::without_provenance_mut(align),
            (0, _) => alloc(Layout::from_size_align_unchecked(new_size, align)),
            _ => realloc(
                old,
                Layout::from_size_align_unchecked(old_size, align),
                new_size,
            ),
        }
    }
}

// memcpy, memcmp and their kind.
#[allow(unsafe_code, reason = "declares nothing, only links")]
#[link(name = "c")]
unsafe extern "C" {}
